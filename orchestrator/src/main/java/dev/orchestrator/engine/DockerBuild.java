package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.BuildImageCmd;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Builds images with the engine's classic builder, and those that it can't build with BuildKit,
 * where this host has that. A Dockerfile that uses the variables that BuildKit sets by itself
 * (TARGETARCH and its like) gets them.
 */
final class DockerBuild {
  private final DockerClient client;
  private final TimedCalls calls;
  private final DockerImages images;
  private final EngineInfo engine;
  private final BuildKit buildKit;

  DockerBuild(EngineConnection connection, DockerImages images, EngineInfo engine) {
    this.engine = engine;
    this.buildKit = new BuildKit(connection.address());
    this.client = connection.client();
    this.calls = connection.calls();
    this.images = images;
  }

  String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    String doing = "building image %s from %s".formatted(spec.tag(), spec.context());
    if (!Files.isRegularFile(spec.context().resolve(spec.dockerfile()))) {
      throw new EngineException(
          Kind.BUILD_FAILED, "%s: there is no %s".formatted(doing, spec.dockerfile()));
    }
    try {
      if (needsBuildKit(spec)) {
        buildKit.build(doing, spec, deadline, progress);
        return built(doing, spec);
      }
      Path tar = Files.createTempFile("build-context", ".tar");
      try {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(tar))) {
          new BuildContext(spec.context(), spec.dockerfile(), engine.platform()).write(out);
        }
        send(doing, spec, tar, deadline, progress);
        return built(doing, spec);
      } finally {
        Files.delete(tar);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new EngineException(
          Kind.BUILD_FAILED, "%s: its context can't be read: %s".formatted(doing, e), e);
    }
  }

  private String built(String doing, BuildSpec spec) {
    return images
        .get(spec.tag())
        .orElseThrow(() ->
            new EngineException(Kind.BUILD_FAILED, doing + ": the build ended without an image"))
        .id();
  }

  private boolean needsBuildKit(BuildSpec spec) throws IOException {
    Path file = spec.context().resolve(spec.dockerfile());
    return engine.buildKit() && !Dockerfile.read(file).problems(false).isEmpty();
  }

  private void send(
      String doing, BuildSpec spec, Path tar, Duration deadline, Consumer<String> progress)
      throws IOException {
    BuildOutput output = new BuildOutput(progress);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(tar))) {
      BuildImageCmd build =
          client
              .buildImageCmd(in)
              .withDockerfilePath(spec.dockerfile())
              .withTags(Set.of(spec.tag()))
              .withLabels(spec.labels())
              .withRemove(true)
              .withForcerm(true);
      for (Map.Entry<String, String> arg : spec.args().entrySet()) {
        build = build.withBuildArg(arg.getKey(), arg.getValue());
      }
      String target = spec.target();
      if (target != null) {
        build = build.withTarget(target);
      }
      BuildOptions options = spec.options();
      if (!options.network().isEmpty()) {
        build = build.withNetworkMode(options.network());
      }
      if (!options.extraHosts().isEmpty()) {
        build = build.withExtraHosts(Set.copyOf(options.extraHosts()));
      }
      if (options.sharedMemory() > 0) {
        build = build.withShmsize(options.sharedMemory());
      }
      calls.await(doing, deadline, build.exec(output));
    } catch (EngineException e) {
      throw e.kind() == Kind.REFUSED || e.kind() == Kind.NOT_FOUND
          ? new EngineException(Kind.BUILD_FAILED, String.valueOf(e.getMessage()), e)
          : e;
    }
    if (output.error().isPresent()) {
      throw new EngineException(
          Kind.BUILD_FAILED,
          "%s: %s; its last lines: %s"
              .formatted(doing, output.error().orElseThrow(), output.lastLines()));
    }
  }
}
