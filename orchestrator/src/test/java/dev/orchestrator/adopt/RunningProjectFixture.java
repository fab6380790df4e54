package dev.orchestrator.adopt;

import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A project that Compose itself runs on the host's engine: Compose is in a container that has the
 * engine's socket, and the project's folder at its own path. Closing it removes all of it.
 */
public record RunningProjectFixture(Engine engine, String project, Path folder, String compose)
    implements AutoCloseable {
  private static final Duration SOON = Duration.ofMinutes(2);
  private static final String SOCKET = "/var/run/docker.sock";

  /** Makes the container that has Compose. */
  public static RunningProjectFixture of(
      Engine engine, String base, String project, Path folder, Map<String, String> labels) {
    String name = project + "-compose";
    engine.createContainer(
        ContainerSpec.helper(
            name,
            base,
            List.of("sleep", "3600"),
            Labels.with(labels, Labels.ROLE, "test"),
            List.of(Mount.of(SOCKET, SOCKET), Mount.of(folder.toString(), folder.toString()))));
    engine.startContainer(name);
    return new RunningProjectFixture(engine, project, folder, name);
  }

  /** Runs a command of Compose in the project's folder. */
  public void compose(Map<String, String> shell, String... words) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("env", "-C", folder.toString()));
    shell.forEach((name, value) -> command.add(name + "=" + value));
    command.addAll(List.of("docker", "compose", "--project-name", project));
    command.addAll(List.of(words));
    ExecResult result = engine.exec(compose, command, SOON);
    if (!result.ok()) {
      throw new AssertionError("docker compose: " + result.stderr());
    }
  }

  public List<ContainerDetails> containers() {
    return engine.containerDetails(ComposeLabels.PROJECT).stream()
        .filter(container -> container.label(ComposeLabels.PROJECT).equals(project))
        .toList();
  }

  @Override
  public void close() {
    ExecResult result =
        engine.exec(
            compose,
            List.of(
                "docker",
                "compose",
                "--project-name",
                project,
                "down",
                "--volumes",
                "--remove-orphans",
                "--timeout",
                "1"),
            SOON);
    engine.removeContainer(compose);
    if (!result.ok()) {
      throw new AssertionError("docker compose down: " + result.stderr());
    }
  }
}
