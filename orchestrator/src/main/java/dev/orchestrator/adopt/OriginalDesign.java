package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.compose.CapsuleRights;
import dev.orchestrator.compose.CapsuleStack;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.ComposeTransform;
import dev.orchestrator.compose.HostFacts;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.settings.Capabilities;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.VolumeSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Lays the stack's data beside what the containers mount: the places are those that the mapping of
 * compose files gives each mount, found by service and path in the container.
 */
final class OriginalDesign {
  private static final Duration USUAL_GRACE = Duration.ofSeconds(10);
  private static final String HEALTHY = "service_healthy";
  private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h)");
  private static final List<String> FREE = List.of("/dev/net/tun", "/dev/fuse");

  private final Engine engine;
  private final ReadProject read;
  private final List<String> notes = new ArrayList<>();

  OriginalDesign(Engine engine, ReadProject read) {
    this.engine = engine;
    this.read = read;
  }

  List<String> notes() {
    return notes;
  }

  /** The containers, and no data. */
  List<OriginalContainer> containers() {
    List<OriginalContainer> containers = new ArrayList<>();
    for (ContainerDetails container : read.project().containers()) {
      String service = Project.service(container);
      JsonNode said = read.root().path("services").path(service);
      containers.add(
          new OriginalContainer(
              container.id(),
              container.name(),
              service,
              container.restartPolicy(),
              container.running(),
              grace(said, container),
              dependencies(said, container),
              container.ports().stream()
                  .map(port ->
                      new OriginalPort(
                          port.hostAddress(),
                          port.hostPort(),
                          port.containerPort(),
                          port.protocol()))
                  .toList(),
              healthyFirst(said, container),
              healthCheck(container.raw().at("/Config/Healthcheck/Test"))));
    }
    return List.copyOf(containers);
  }

  /** The stack's data, as release 1 has it in a capsule. */
  List<OriginalData> data(ComposeModel model, StackSettings stack) {
    Map<String, InnerImage> images = new TreeMap<>();
    model
        .services()
        .forEach((name, service) -> {
          String image =
              read.project()
                  .container(name)
                  .map(ContainerDetails::imageId)
                  .orElse(ComposeModel.text(service.path("image")));
          Optional<ImageInfo> found = image.isEmpty() ? Optional.empty() : engine.image(image);
          found.ifPresent(info ->
              images.put(
                  name,
                  new InnerImage(
                      name, "inner/" + name, info.id(), info.volumes(), info.healthCheck())));
        });
    CapsuleStack capsule =
        new ComposeTransform(
                stack,
                facts(model, stack),
                new CapsuleRights(Set.copyOf(Capabilities.ALL), Map.of()),
                true)
            .apply(model, images);
    Map<String, OriginalData> found = new TreeMap<>();
    for (Map.Entry<String, JsonNode> service : capsule.compose().path("services").properties()) {
      Optional<ContainerDetails> container = read.project().container(service.getKey());
      for (JsonNode mount : service.getValue().path("volumes")) {
        String place = place(capsule, mount);
        String target = normal(ComposeModel.text(mount.path("target")));
        if (place.isEmpty() || container.isEmpty()) {
          continue;
        }
        Optional<MountPoint> real =
            container.get().mounts().stream()
                .filter(one -> normal(one.target()).equals(target))
                .findFirst();
        if (real.isEmpty()) {
          notes.add(
              "service %s: its container has nothing mounted at %s: the stack's data begins empty there"
                  .formatted(service.getKey(), target));
          continue;
        }
        OriginalData data = data(place, real.get());
        OriginalData other = found.putIfAbsent(place, data);
        if (other != null && !other.equals(data)) {
          notes.add(
              "%s of the stack's data would come from %s and from %s: it comes from the first"
                  .formatted(place, source(other), source(data)));
        }
      }
    }
    found.values().removeIf(data -> isInAnother(data, found));
    return List.copyOf(found.values());
  }

  /** Where the mount's data is below the stack's data; empty where it isn't data. */
  private static String place(CapsuleStack capsule, JsonNode mount) {
    String source = ComposeModel.text(mount.path("source"));
    if (mount.path("type").asText("").equals("volume")) {
      source =
          ComposeModel.text(
              capsule.compose().path("volumes").path(source).at("/driver_opts/device"));
    }
    return source.startsWith("/data/") ? VolumeSettings.held(source) : "";
  }

  private static OriginalData data(String place, MountPoint mount) {
    return mount.type().equals("volume")
        ? new OriginalData(place, mount.source(), null)
        : new OriginalData(place, null, real(Path.of(mount.source())));
  }

  /** A folder that another one has in it, at the same place in the data, is copied with that. */
  private static boolean isInAnother(OriginalData data, Map<String, OriginalData> all) {
    @Nullable Path folder = data.folder();
    if (folder == null) {
      return false;
    }
    return all.values().stream()
        .anyMatch(other -> {
          @Nullable Path outer = other.folder();
          return outer != null
              && !outer.equals(folder)
              && folder.startsWith(outer)
              && Path.of(data.path()).startsWith(other.path())
              && Path.of(other.path())
                  .relativize(Path.of(data.path()))
                  .equals(outer.relativize(folder));
        });
  }

  private static String source(OriginalData data) {
    return data.volume() == null ? String.valueOf(data.folder()) : "volume " + data.volume();
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path; // the engine's host is another one
    }
  }

  /** Of the host, as if it had all that is granted: what it has not is found by the check. */
  private static HostFacts facts(ComposeModel model, StackSettings stack) {
    Set<String> devices = new TreeSet<>(FREE);
    stack.grants().devices().stream().filter(one -> one.startsWith("/")).forEach(devices::add);
    Map<String, String> paths = new TreeMap<>();
    stack.grants().hostPaths().forEach(path -> paths.put(path.path(), "rprivate"));
    for (JsonNode section : List.of(model.root().path("services"), model.root().path("volumes"))) {
      for (JsonNode item : section) {
        for (JsonNode mount : item.path("volumes")) {
          paths.putIfAbsent(normal(ComposeModel.text(mount.path("source"))), "rprivate");
        }
        String device = ComposeModel.text(item.at("/driver_opts/device"));
        if (!device.isEmpty()) {
          paths.putIfAbsent(normal(device), "rprivate");
        }
      }
    }
    for (String section : List.of("configs", "secrets")) {
      for (JsonNode item : model.root().path(section)) {
        paths.putIfAbsent(normal(ComposeModel.text(item.path("file"))), "rprivate");
      }
    }
    return new HostFacts(devices, List.of(), paths, Map.of(), "/proc/1/ns/net", "UTC");
  }

  private static String normal(String path) {
    return Path.of(path).normalize().toString();
  }

  private static Duration grace(JsonNode said, ContainerDetails container) {
    Matcher parts = DURATION.matcher(said.path("stop_grace_period").asText(""));
    double seconds = 0;
    while (parts.find()) {
      double number = Double.parseDouble(parts.group(1));
      seconds +=
          switch (parts.group(2)) {
            case "ms" -> number / 1000;
            case "s" -> number;
            case "m" -> number * 60;
            default -> number * 3600;
          };
    }
    if (seconds > 0) {
      return Duration.ofMillis(Math.round(seconds * 1000));
    }
    return container.stopTimeout().isZero() ? USUAL_GRACE : container.stopTimeout();
  }

  private static List<String> dependencies(JsonNode said, ContainerDetails container) {
    Set<String> others = new TreeSet<>();
    said.path("depends_on").fieldNames().forEachRemaining(others::add);
    for (String key : List.of("network_mode", "pid", "ipc")) {
      String mode = said.path(key).asText("");
      if (mode.startsWith("service:")) {
        others.add(mode.substring("service:".length()));
      }
    }
    said.path("volumes_from").forEach(from -> others.add(from.asText("").replaceFirst(":.*", "")));
    said.path("links").forEach(link -> others.add(link.asText("").replaceFirst(":.*", "")));
    for (String entry : container.label(ComposeLabels.DEPENDS_ON).split(",", -1)) {
      others.add(entry.replaceFirst(":.*", ""));
    }
    others.remove("");
    return List.copyOf(others);
  }

  /** The services that Compose has be healthy before it starts this one. */
  private static Set<String> healthyFirst(JsonNode said, ContainerDetails container) {
    Set<String> others = new TreeSet<>();
    for (Map.Entry<String, JsonNode> other : said.path("depends_on").properties()) {
      if (other.getValue().path("condition").asText("").equals(HEALTHY)) {
        others.add(other.getKey());
      }
    }
    for (String entry : container.label(ComposeLabels.DEPENDS_ON).split(",", -1)) {
      String[] parts = entry.split(":", -1);
      if (parts.length > 1 && parts[1].equals(HEALTHY)) {
        others.add(parts[0]);
      }
    }
    return others;
  }

  /** The command of a check as the engine tells it; empty where there is none. */
  static List<String> healthCheck(JsonNode test) {
    List<String> words = new ArrayList<>();
    test.forEach(word -> words.add(word.asText("")));
    String kind = words.isEmpty() ? "" : words.removeFirst();
    return switch (kind) {
      case "CMD" -> words;
      case "CMD-SHELL" -> List.of("/bin/sh", "-c", String.join(" ", words));
      default -> List.of();
    };
  }
}
