package dev.orchestrator.stack;

import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A stack in one line of {@code orchestrator stacks}. JSON of the API: component names are a
 * contract.
 *
 * @param folder with its stack.conf and its versions
 * @param version that serves, or would serve if the stack were not down; empty when none does
 * @param state as in {@link Status}, or {@code failed} for a stack that could not be opened
 * @param health of the version that serves: "healthy", or how many of its services are not; empty
 *     where nothing serves
 * @param last the last run that has ended, or null
 * @param nextRun the schedule's next run, or null
 * @param problem what needs a person, in one line; empty when nothing does
 */
public record StackSummary(
    String stack,
    String folder,
    String version,
    String state,
    String health,
    @Nullable UpgradeRecord last,
    @Nullable Instant nextRun,
    String problem) {

  /**
   * A stack that is open.
   *
   * @param problem with its settings; empty when there is none
   */
  public static StackSummary of(Status status, String folder, String problem) {
    Status.Side serving = status.serving();
    long ill = status.services().stream().filter(each -> !each.problem().isEmpty()).count();
    boolean looked = !status.state().equals("down") && !status.services().isEmpty();
    return new StackSummary(
        status.stack(),
        folder,
        serving == null ? "" : serving.version(),
        status.state(),
        !looked
            ? ""
            : ill == 0
                ? "healthy"
                : "%d of %d not healthy".formatted(ill, status.services().size()),
        status.last(),
        status.nextRun(),
        problem.isEmpty() ? status.attention() : problem);
  }

  /** A stack that could not be opened. */
  public static StackSummary failed(String name, String folder, String problem) {
    return new StackSummary(name, folder, "", "failed", "", null, null, problem);
  }
}
