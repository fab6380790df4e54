package dev.orchestrator.upgrade;

import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.settings.SnapshotSettings;
import dev.orchestrator.settings.SnapshotSettings.Keep;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Decides which snapshots are to go, as {@code restic forget} does: the newest of each of the last
 * days, weeks and months that have any stay, and the last few. What a person made always stays. Of
 * what was set aside other numbers stay.
 */
final class SnapshotRetention {
  private static final Set<Reason> SET_ASIDE = Set.of(Reason.SET_ASIDE, Reason.BEFORE_RESTORE);
  private static final Set<Reason> MADE = Set.of(Reason.SCHEDULE, Reason.BEFORE_UPGRADE);

  private final SnapshotSettings settings;
  private final ZoneId zone;

  /**
   * Decides by these settings.
   *
   * @param zone in which days, weeks and months begin
   */
  SnapshotRetention(SnapshotSettings settings, ZoneId zone) {
    this.settings = settings;
    this.zone = zone;
  }

  /** The snapshots that no setting keeps, oldest first. */
  List<SnapshotRecord> surplus(List<SnapshotRecord> all, Instant now) {
    List<SnapshotRecord> surplus = new ArrayList<>();
    surplus.addAll(beyond(settings.made(), of(all, MADE), now));
    surplus.addAll(beyond(settings.setAside(), of(all, SET_ASIDE), now));
    surplus.sort(Comparator.comparing(SnapshotRecord::created));
    return surplus;
  }

  /** The snapshots that were made for one of these reasons, newest first. */
  private static List<SnapshotRecord> of(List<SnapshotRecord> all, Set<Reason> reasons) {
    return all.stream()
        .filter(snapshot -> reasons.contains(snapshot.reason()))
        .sorted(
            Comparator.comparing(SnapshotRecord::created)
                .thenComparingInt(SnapshotRecord::generation)
                .reversed())
        .toList();
  }

  private List<SnapshotRecord> beyond(Keep keep, List<SnapshotRecord> newestFirst, Instant now) {
    Set<SnapshotRecord> kept =
        new HashSet<>(newestFirst.subList(0, Math.min(keep.last(), newestFirst.size())));
    kept.addAll(newestOfEach(newestFirst, keep.daily(), day -> day));
    kept.addAll(
        newestOfEach(
            newestFirst,
            keep.weekly(),
            day ->
                day.get(IsoFields.WEEK_BASED_YEAR) * 100
                    + day.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR)));
    kept.addAll(
        newestOfEach(
            newestFirst, keep.monthly(), day -> day.getYear() * 100 + day.getMonthValue()));
    if (!keep.maxAge().isZero()) {
      Instant oldest = now.minus(keep.maxAge());
      kept.removeIf(snapshot -> snapshot.created().isBefore(oldest));
    }
    return newestFirst.stream().filter(snapshot -> !kept.contains(snapshot)).toList();
  }

  /** The newest of each of the last periods that have a snapshot. */
  private List<SnapshotRecord> newestOfEach(
      List<SnapshotRecord> newestFirst, int periods, Function<LocalDate, Object> period) {
    Set<Object> seen = new HashSet<>();
    return newestFirst.stream()
        .filter(snapshot ->
            seen.size() < periods
                && seen.add(period.apply(LocalDate.ofInstant(snapshot.created(), zone))))
        .toList();
  }
}
