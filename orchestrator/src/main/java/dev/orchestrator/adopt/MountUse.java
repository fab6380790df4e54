package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.compose.ComposeModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that a project takes from the host or from a volume.
 *
 * @param user such as {@code web}, the service; or {@code config NAME}
 * @param path of the host; null for a volume
 * @param volume its name in the compose file; empty for a path, and for a volume without a name
 * @param target in the container; empty for what is not mounted
 */
record MountUse(String user, @Nullable Path path, String volume, String target, boolean readOnly) {

  /** All that the services of a project use. */
  static List<MountUse> of(JsonNode root) {
    List<MountUse> uses = new ArrayList<>();
    for (Map.Entry<String, JsonNode> service : root.path("services").properties()) {
      for (JsonNode mount : service.getValue().path("volumes")) {
        String source = ComposeModel.text(mount.path("source"));
        String target = ComposeModel.text(mount.path("target"));
        boolean readOnly = mount.path("read_only").asBoolean();
        switch (mount.path("type").asText("")) {
          case "bind" ->
              uses.add(
                  new MountUse(
                      service.getKey(), Path.of(source).normalize(), "", target, readOnly));
          case "volume" -> uses.add(new MountUse(service.getKey(), null, source, target, readOnly));
          default -> {}
        }
      }
    }
    for (Map.Entry<String, JsonNode> volume : root.path("volumes").properties()) {
      String device = ComposeModel.text(volume.getValue().at("/driver_opts/device"));
      if (device.startsWith("/")) {
        uses.add(
            new MountUse("volume " + volume.getKey(), Path.of(device).normalize(), "", "", false));
      }
    }
    for (String section : List.of("configs", "secrets")) {
      for (Map.Entry<String, JsonNode> item : root.path(section).properties()) {
        String file = ComposeModel.text(item.getValue().path("file"));
        if (file.startsWith("/")) {
          uses.add(
              new MountUse(
                  section.replaceFirst("s$", "") + " " + item.getKey(),
                  Path.of(file).normalize(),
                  "",
                  "",
                  true));
        }
      }
    }
    return uses;
  }
}
