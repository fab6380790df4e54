package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.orchestrator.engine.EngineException.Kind;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The engine's named volumes. */
final class DockerVolumes {
  private final DockerClient client;
  private final TimedCalls calls;

  DockerVolumes(EngineConnection connection) {
    this.client = connection.client();
    this.calls = connection.calls();
  }

  Optional<VolumeInfo> get(String name) {
    return calls.call(
        "looking at volume " + name,
        TimedCalls.SHORT,
        () -> {
          try {
            return Optional.of(info(client.inspectVolumeCmd(name).exec()));
          } catch (NotFoundException _) {
            return Optional.empty();
          }
        });
  }

  List<VolumeInfo> list(Map<String, String> labels) {
    List<String> filter =
        labels.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    return calls.call(
        "listing volumes",
        TimedCalls.SHORT,
        () -> {
          @Nullable List<InspectVolumeResponse> found =
              client.listVolumesCmd().withFilter("label", filter).exec().getVolumes();
          return found == null
              ? List.<VolumeInfo>of()
              : found.stream().map(DockerVolumes::info).toList();
        });
  }

  void create(String name, Map<String, String> labels, Map<String, String> options) {
    String doing = "creating volume " + name;
    // For the name of an existing volume the engine answers as if it had created it, whatever the
    // labels of that volume are.
    Map<String, String> has =
        get(name)
            .orElseGet(() -> {
              calls.run(
                  doing,
                  TimedCalls.SHORT,
                  () ->
                      client
                          .createVolumeCmd()
                          .withName(name)
                          .withLabels(labels)
                          .withDriverOpts(options)
                          .exec());
              return get(name).orElseThrow();
            })
            .labels();
    if (!has.equals(labels)) {
      throw new EngineException(
          Kind.CONFLICT,
          "%s: a volume of that name exists with other labels; it is not touched".formatted(doing));
    }
  }

  List<String> users(String name) {
    return calls.call(
        "listing the containers with volume " + name,
        TimedCalls.SHORT,
        () ->
            client.listContainersCmd().withVolumeFilter(List.of(name)).exec().stream()
                .map(container -> container.getNames()[0].replaceFirst("^/", ""))
                .toList());
  }

  void remove(String name) {
    calls.run(
        "removing volume " + name,
        TimedCalls.LONG,
        () -> {
          try {
            client.removeVolumeCmd(name).exec();
          } catch (NotFoundException _) {
            // It is gone already.
            return;
          }
        });
  }

  private static VolumeInfo info(InspectVolumeResponse volume) {
    return new VolumeInfo(
        volume.getName(),
        Objects.toString(volume.getMountpoint(), ""),
        volume.getLabels() == null ? Map.of() : Map.copyOf(volume.getLabels()));
  }
}
