package dev.orchestrator.adopt;

import dev.orchestrator.engine.ContainerDetails;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A compose project of the engine, as the labels of its containers tell it; or one that was never
 * started, which is a folder alone.
 *
 * @param folder the project's, from which relative paths start; null where no label has it
 * @param files compose files, in the order in which they are merged; empty where no label has them
 * @param envFiles in place of {@code .env}; empty for that
 * @param containers those of its services, by service and number; one-off runs are left out
 * @param ours the stack of this orchestrator that it is; empty for none
 */
record Project(
    String name,
    @Nullable Path folder,
    List<Path> files,
    List<Path> envFiles,
    List<ContainerDetails> containers,
    String ours) {

  /** Whether its containers run. */
  enum State {
    RUNNING("running"),
    PARTLY("partly running"),
    STOPPED("stopped"),
    /** It has no containers. */
    NONE("not started");

    private final String word;

    State(String word) {
      this.word = word;
    }

    /** For a person. */
    String word() {
      return word;
    }
  }

  Project {
    files = List.copyOf(files);
    envFiles = List.copyOf(envFiles);
    containers = List.copyOf(containers);
  }

  /** The names of the services that have containers. */
  List<String> services() {
    return containers.stream().map(Project::service).distinct().sorted().toList();
  }

  /** Whether its containers run; one that has ended well, as migrations do, counts as running. */
  State state() {
    long running = containers.stream().filter(ContainerDetails::running).count();
    boolean all =
        containers.stream().allMatch(container -> container.running() || endedWell(container));
    if (containers.isEmpty()) {
      return State.NONE;
    }
    return running == 0 ? State.STOPPED : all ? State.RUNNING : State.PARTLY;
  }

  /** The first container of a service. */
  Optional<ContainerDetails> container(String service) {
    return containers.stream()
        .filter(container -> service(container).equals(service))
        .min(Comparator.comparingInt(Project::number));
  }

  /** The same for a person. */
  ProjectSummary summary() {
    return new ProjectSummary(
        name,
        folder == null ? "" : folder.toString(),
        files.stream().map(Path::toString).toList(),
        services(),
        state().word(),
        ours);
  }

  static String service(ContainerDetails container) {
    return container.label(ComposeLabels.SERVICE);
  }

  static int number(ContainerDetails container) {
    String text = container.label(ComposeLabels.NUMBER);
    return text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 1;
  }

  private static boolean endedWell(ContainerDetails container) {
    return container.state().equals("exited")
        && container.raw().at("/State/ExitCode").asInt(-1) == 0
        && container.restartPolicy().matches("no|on-failure.*");
  }
}
