package dev.orchestrator.upgrade;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalData;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Generation;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What clients wrote to a stack and its compose project does not have, or the other way round, as
 * one of the two served and the other serves now. It stays where it was written, and a person
 * decides what becomes of it: the receipt, the status and the reason of the run say so. On the
 * run's thread; blocks.
 */
public final class LeftBehind {
  /** Key in the journal, with the run: lines for a person. */
  private static final String KEY = "left-behind";

  private static final TypeReference<List<String>> LINES = new TypeReference<>() {};

  private final UpgradeContext context;

  LeftBehind(UpgradeContext context) {
    this.context = context;
  }

  /** The lines of a run; empty where nothing is left behind. */
  public List<String> of(String run) {
    return context
        .journal()
        .attachment(run, KEY)
        .map(json -> Json.read(json, LINES))
        .orElse(List.of());
  }

  /**
   * Tells of what was written to the stack since the take-over, before the project serves again. To
   * be called while the stack's services run, so that their databases can be asked; when they have
   * ended, rows are not told.
   */
  public void tellOfStack(UpgradeRun run) {
    if (!of(run.id()).isEmpty()) {
      return; // The same undo runs once more after a restart.
    }
    Generation green = run.green();
    String rows =
        context.changes().tableChanges(green, context.briefTimeout()).stream()
            .map(
                table -> "%s %s (%+d rows)".formatted(table.service(), table.table(), table.more()))
            .collect(Collectors.joining(", "));
    tell(
        run,
        "what clients wrote to %s since %s%s is not in project %s: it is kept in volume %s"
            .formatted(
                green.version(),
                time(context.changes().servingSince(green)),
                rows.isEmpty() ? "" : ", as of tables " + rows + ",",
                run.original().project(),
                Retention.volumeNames(green)));
  }

  /**
   * Tells of what may have been written to the project while its start was tried, before the stack
   * serves again; nothing where the project has not run.
   */
  public void tellOfProject(UpgradeRun run) {
    Original original = run.original();
    Instant since =
        context
            .journal()
            .switched(run.id())
            .map(change -> change.at())
            .orElse(run.record.started());
    if (!of(run.id()).isEmpty() || !context.originals().hasRunSince(original, since)) {
      return;
    }
    tell(
        run,
        "project %s has run since %s: what clients may have written to it is not in the stack, and is kept in %s; 'orchestrator adopt --undo' goes back to it"
            .formatted(original.project(), time(since), places(original)));
  }

  private void tell(UpgradeRun run, String line) {
    context.log().receipt(run.id()).note(line);
    List<String> lines = new ArrayList<>(of(run.id()));
    lines.add(line);
    context.journal().attach(run.id(), KEY, Json.write(lines));
  }

  private static String places(Original original) {
    return original.data().isEmpty()
        ? "its containers"
        : original.data().stream().map(LeftBehind::place).collect(Collectors.joining(", "));
  }

  private static String place(OriginalData data) {
    return data.volume() == null ? String.valueOf(data.folder()) : "volume " + data.volume();
  }

  private static Instant time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS);
  }
}
