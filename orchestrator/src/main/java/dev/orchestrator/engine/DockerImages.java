package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.Image;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The engine's image store. */
final class DockerImages {
  private final DockerClient client;
  private final TimedCalls calls;

  DockerImages(EngineConnection connection) {
    this.client = connection.client();
    this.calls = connection.calls();
  }

  Optional<ImageInfo> get(String reference) {
    return calls.call(
        "looking at image " + reference,
        TimedCalls.SHORT,
        () -> {
          try {
            return Optional.of(info(client.inspectImageCmd(reference).exec()));
          } catch (NotFoundException _) {
            return Optional.empty();
          }
        });
  }

  List<ImageInfo> list(Map<String, String> labels) {
    List<Image> found =
        calls.call(
            "listing images",
            TimedCalls.SHORT,
            () -> client.listImagesCmd().withLabelFilter(labels).exec());
    return found.stream().map(image -> get(image.getId())).flatMap(Optional::stream).toList();
  }

  void tag(String image, String reference) {
    ImageReference to = ImageReference.parse(reference);
    calls.run(
        "tagging image %s as %s".formatted(image, reference),
        TimedCalls.SHORT,
        () -> client.tagImageCmd(image, to.repository(), to.tag()).exec());
  }

  void remove(String reference) {
    calls.run(
        "removing image " + reference,
        TimedCalls.LONG,
        () -> {
          try {
            client.removeImageCmd(reference).exec();
          } catch (NotFoundException _) {
            // It is gone already.
            return;
          }
        });
  }

  private static ImageInfo info(InspectImageResponse image) {
    return new ImageInfo(
        image.getId(),
        copy(image.getRepoTags()),
        copy(image.getRepoDigests()),
        Objects.requireNonNullElse(image.getSize(), 0L),
        image.getRootFS() == null ? List.of() : copy(image.getRootFS().getLayers()),
        image.getConfig() == null || image.getConfig().getVolumes() == null
            ? List.of()
            : image.getConfig().getVolumes().keySet().stream().sorted().toList(),
        labels(image.getConfig() == null ? null : image.getConfig().getLabels()),
        image.getConfig() == null ? null : healthCheck(image.getConfig().getHealthcheck()));
  }

  private static @Nullable ImageHealthCheck healthCheck(@Nullable HealthCheck check) {
    // NONE is what `HEALTHCHECK NONE` leaves: no check, whatever the base image declares.
    if (check == null
        || copy(check.getTest()).isEmpty()
        || copy(check.getTest()).contains("NONE")) {
      return null;
    }
    return new ImageHealthCheck(
        nanos(check.getInterval()), nanos(check.getStartPeriod()), nanos(check.getStartInterval()));
  }

  private static Duration nanos(@Nullable Long nanos) {
    return Duration.ofNanos(Objects.requireNonNullElse(nanos, 0L));
  }

  /**
   * Leaves out our labels without a value: {@link DockerCommit} can't remove a label, only empty
   * it.
   */
  private static Map<String, String> labels(@Nullable Map<String, String> labels) {
    Map<String, String> result = new TreeMap<>(labels == null ? Map.of() : labels);
    result.entrySet().removeIf(e -> e.getKey().startsWith(Labels.OURS) && e.getValue().isEmpty());
    return Map.copyOf(result);
  }

  private static List<String> copy(@Nullable List<String> list) {
    return list == null ? List.of() : List.copyOf(list);
  }
}
