package dev.orchestrator.data;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Volumes of a test on a real engine, and a container that sees and changes them all. */
final class Volumes implements AutoCloseable {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final Path SCRIPTS = Path.of("src/test/resources/tree").toAbsolutePath();

  final String run = "data-test-" + UUID.randomUUID().toString().substring(0, 8);
  final Map<String, String> labels = Labels.with(Labels.role("test"), "run", run);
  final Engine engine = DockerEngine.connect("", SOON);
  final String from = run + "-from";
  final String to = run + "-to";

  Volumes(String image) {
    engine.createVolume(from, labels);
    engine.createVolume(to, labels);
    engine.createContainer(
        ContainerSpec.helper(
            run,
            image,
            List.of("sleep", "600"),
            labels,
            List.of(
                Mount.of(from, "/from"),
                Mount.of(to, "/to"),
                Mount.readOnly(SCRIPTS.toString(), "/tree"))));
    engine.startContainer(run);
  }

  /** Runs a command that sees the volumes at /from and /to, and the scripts at /tree. */
  String run(String... command) {
    ExecResult result = engine.exec(run, List.of(command), SOON);
    if (!result.ok()) {
      throw new AssertionError(List.of(command) + ": " + result.stderr());
    }
    return result.stdout();
  }

  String shell(String script) {
    return run("bash", "-euc", script);
  }

  /** All of a volume's entries, a line each. */
  List<String> listing(String path) {
    return run("perl", "/tree/list.pl", path).lines().toList();
  }

  /** Containers of this run beside our own. */
  List<String> helpers() {
    return engine.containers(labels).stream()
        .map(container -> container.name())
        .filter(name -> !name.equals(run))
        .toList();
  }

  @Override
  public void close() {
    engine.containers(labels).forEach(container -> engine.removeContainer(container.name()));
    engine.removeVolume(from);
    engine.removeVolume(to);
    engine.close();
  }
}
