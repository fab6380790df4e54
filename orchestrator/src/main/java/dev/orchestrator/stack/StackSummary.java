package dev.orchestrator.stack;

import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A stack in one line of {@code orchestrator stacks}. JSON of the API: component names are a
 * contract.
 *
 * @param folder with its stack.conf and its versions
 * @param version that serves, or would serve if the stack were not down; empty when none does
 * @param state as in {@link dev.orchestrator.report.Status}, or {@code failed} for a stack that
 *     could not be opened
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
    String problem) {}
