package dev.orchestrator.engine;

import dev.orchestrator.engine.EngineException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds images with the engine's BuildKit, by the program {@code docker buildx} of this host: the
 * engine's API alone has no call for it without a session of BuildKit's own protocol. Calls block.
 */
final class BuildKit {
  private static final Duration ASK = Duration.ofSeconds(10);

  private static final List<String> PROGRAM = List.of("docker", "buildx");

  private final List<String> program;
  private final String address;

  /** Builds on the engine at this address, a Unix socket or a tcp address. */
  BuildKit(String address) {
    this(PROGRAM, address);
  }

  BuildKit(List<String> program, String address) {
    this.program = List.copyOf(program);
    this.address = address;
  }

  /** Whether this host has the program; it is looked for once in the life of this process. */
  static boolean isInstalled() {
    return Found.INSTALLED;
  }

  private static final class Found {
    static final boolean INSTALLED = ask();

    private static boolean ask() {
      try {
        Process process =
            new ProcessBuilder(Stream.concat(PROGRAM.stream(), Stream.of("version")).toList())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
          return process.waitFor(ASK.toMillis(), TimeUnit.MILLISECONDS) && process.exitValue() == 0;
        } finally {
          process.destroyForcibly();
        }
      } catch (IOException _) {
        return false; // no docker program
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  /**
   * Builds an image; fails with {@link Kind#BUILD_FAILED}, {@code TIMEOUT} or {@code INTERRUPTED}.
   *
   * @param doing for the message of a failure
   */
  void build(String doing, BuildSpec spec, Duration deadline, Consumer<String> progress)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(spec)).redirectErrorStream(true);
    builder.environment().put("DOCKER_HOST", address);
    // An attestation would make an index of what is to be one image.
    builder.environment().put("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
    BuildOutput output = new BuildOutput(progress);
    Process process = builder.start();
    try {
      Thread reader = Thread.ofVirtual().name("buildx").start(() -> read(process, output));
      if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        throw TimedCalls.timeout(doing, deadline, null);
      }
      reader.join();
    } catch (InterruptedException e) {
      throw TimedCalls.interrupted(doing, e);
    } finally {
      process.destroy();
    }
    if (process.exitValue() != 0) {
      throw new EngineException(
          Kind.BUILD_FAILED,
          "%s: docker buildx ended with exit code %d; its last lines: %s"
              .formatted(doing, process.exitValue(), output.lastLines()));
    }
  }

  private List<String> command(BuildSpec spec) {
    List<String> command = new ArrayList<>(program);
    command.add("build");
    // The builder of the engine itself, whichever the user has chosen for other work.
    command.addAll(List.of("--builder", "default", "--progress", "plain"));
    command.addAll(List.of("--tag", spec.tag()));
    command.addAll(List.of("--file", spec.context().resolve(spec.dockerfile()).toString()));
    addPairs(command, "--label", spec.labels());
    addPairs(command, "--build-arg", spec.args());
    add(command, "--target", spec.target());
    BuildOptions options = spec.options();
    add(command, "--network", options.network());
    if (options.network().equals("host")) {
      command.addAll(List.of("--allow", "network.host"));
    }
    options.extraHosts().forEach(host -> add(command, "--add-host", host));
    if (options.sharedMemory() > 0) {
      add(command, "--shm-size", Long.toString(options.sharedMemory()));
    }
    command.add(spec.context().toString());
    return List.copyOf(command);
  }

  private static void addPairs(List<String> command, String flag, Map<String, String> pairs) {
    pairs.forEach((key, value) -> add(command, flag, key + "=" + value));
  }

  private static void add(List<String> command, String flag, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      command.add(flag);
      command.add(value);
    }
  }

  private static void read(Process process, BuildOutput output) {
    byte[] chunk = new byte[8192];
    try (InputStream in = process.getInputStream()) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        output.add(Arrays.copyOf(chunk, count));
      }
    } catch (IOException e) {
      output.add(
          ("its output can't be read: " + e.getMessage() + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }
}
