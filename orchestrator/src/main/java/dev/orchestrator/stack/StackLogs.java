package dev.orchestrator.stack;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.upgrade.UpgradeContext;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The last lines that the services of what serves, or of a version that did not come up, have
 * written.
 */
final class StackLogs {
  private final UpgradeContext context;
  private final Journal journal;
  private final StackRequirements requirements;

  StackLogs(UpgradeContext context, StackRequirements requirements) {
    this.context = context;
    this.journal = context.journal();
    this.requirements = requirements;
  }

  /**
   * The end of the logs.
   *
   * @param service null for all
   * @param tail number of lines
   */
  List<String> tail(@Nullable String service, int tail) {
    if (journal.serving().isEmpty() || journal.down()) {
      Optional<List<String>> ofUp = logsOfUp(service, tail);
      if (ofUp.isPresent()) {
        return ofUp.get();
      }
    }
    Generation serving = requirements.requireServing("show logs of");
    return StackRequirements.refuseOnFailure(
        () -> context.capsule(serving).logs(service, tail, StackControl.WAIT_LIMIT));
  }

  /** Logs of the version that an {@code up} is bringing up, or that the last one failed with. */
  private Optional<List<String>> logsOfUp(@Nullable String service, int tail) {
    Optional<UpgradeRecord> last =
        journal.history().stream().findFirst().filter(run -> run.kind() == Kind.UP);
    if (last.isEmpty()) {
      return Optional.empty();
    }
    UpgradeRecord up = last.get();
    Optional<Generation> candidate =
        journal.generations().stream()
            .map(GenerationRecord::generation)
            .filter(generation -> Objects.equals(generation.number(), up.to()))
            .findFirst()
            .filter(generation ->
                context
                    .engine()
                    .container(generation.container())
                    .filter(ContainerInfo::running)
                    .isPresent());
    return candidate.isPresent()
        ? candidate.map(generation ->
            StackRequirements.refuseOnFailure(
                () -> context.capsule(generation).logs(service, tail, StackControl.WAIT_LIMIT)))
        : context.failureLogs().saved(up.id(), up.toVersion(), service, tail);
  }
}
