package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.journal.ReversalRecord.Label;
import dev.orchestrator.release.Releases;
import dev.orchestrator.release.VersionOrder;
import dev.orchestrator.settings.UpgradeSettings.OneWay;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which ways back there are from a version: in a rehearsal of it the old version is
 * started, out of reach, on the data as the new one has left it. Blocks; on the run's thread.
 */
public final class Reversals {
  /** Schemas are read, not tables: more than a busy database takes. */
  private static final Duration ASK = Duration.ofMinutes(2);

  private static final int MOST_NAMED = 5;

  /** Key in the journal, with the run of a rehearsal: that it has come to the way back. */
  private static final String TRIED = "way-back";

  private final UpgradeContext context;

  Reversals(UpgradeContext context) {
    this.context = context;
  }

  /** Asks the databases of what serves for their schemas, before a rehearsal of what comes next. */
  public void askBefore(UpgradeRun run) {
    run.schemas = schemas(run.blue());
  }

  /** The same of the rehearsed version, while it runs. */
  void askAfter(UpgradeRun run, Generation next) {
    run.schemasAfter = schemas(next);
  }

  private List<DatabaseSchema> schemas(Generation generation) {
    try {
      return context.capsule(generation).schemas(ASK);
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      return List.of(); // What has changed is not known; whether the old version works is.
    }
  }

  /**
   * Starts the version that serves in the place of a rehearsed one, which was healthy and has
   * stopped in order, on its data, and keeps in the journal what was found.
   *
   * @param next the rehearsed version
   * @return what was found; empty where it could not be tried
   */
  public Optional<ReversalRecord> tryOut(
      UpgradeRun run, Generation next, Consumer<String> progress) {
    Optional<ReversalRecord> found = find(run, next, progress);
    context.journal().attach(run.id(), TRIED, Json.write(found.isPresent()));
    return found;
  }

  /** Whether the rehearsal in a run has come to the way back, and was not killed before. */
  boolean wasTried(String run) {
    return context.journal().attachment(run, TRIED).isPresent();
  }

  private Optional<ReversalRecord> find(
      UpgradeRun run, Generation next, Consumer<String> progress) {
    Generation blue = run.blue();
    context.journal().forgetReversal(next.version());
    String reason;
    List<String> changes = changes(run.schemas, run.schemasAfter);
    try {
      progress.accept(
          "the way back: starting %s on the data of %s".formatted(blue.version(), next.version()));
      Generation old = Rehearsal.inPlaceOf(next, blue);
      context
          .isolated()
          .replace(
              old,
              run.id(),
              context.imports().targets(run, next),
              context.rehearsal().limits().leftOut());
      reason = failure(run, old, progress);
    } catch (RefusedException | EngineException | DataException | CapsuleException e) {
      if (context.rehearsal().isEnding(run)) {
        throw e;
      }
      note(run, "the way back could not be tried out: " + FailureText.of(e));
      return Optional.empty();
    }
    String full = reason.isEmpty() ? "" : FullDisk.describe(context, run.id(), "free some");
    if (!full.isEmpty()) {
      note(run, "the way back could not be tried out: " + full + reason);
      return Optional.empty();
    }
    List<String> differences =
        reason.isEmpty() ? List.of() : context.rehearsal().limits().differences(blue, next.image());
    List<String> shared = reason.isEmpty() ? List.of() : shared(blue, next);
    Label label =
        reason.isEmpty()
            ? Label.REVERSIBLE
            : shared.isEmpty() ? Label.SNAPSHOT_ONLY : Label.ONE_WAY;
    ReversalRecord found =
        new ReversalRecord(
            next.version(),
            next.content(),
            run.id(),
            blue.version(),
            blue.content(),
            context.clock().instant().truncatedTo(ChronoUnit.MILLIS),
            label,
            shared.isEmpty()
                ? reason
                : reason + "; not kept as of the switch: " + String.join(", ", shared),
            changes,
            differences.isEmpty());
    context.journal().recordReversal(found);
    changes.forEach(change -> note(run, "changed by " + next.version() + ": " + change));
    note(run, "way back: " + found.line());
    if (!differences.isEmpty()) {
      note(
          run,
          "the way back may have failed in the rehearsal alone: " + String.join("; ", differences));
    }
    return Optional.of(found);
  }

  private void note(UpgradeRun run, String line) {
    context.log().receipt(run.id()).note(line);
  }

  /** Why the old version does not work on the data; empty where it does. */
  private String failure(UpgradeRun run, Generation old, Consumer<String> progress) {
    try {
      context.isolated().start(old, context.limits().verify().deadline(), progress);
      HealthGate.Healthy _ =
          context.awaitHealthyWithout(
              context.rehearsal().limits().leftOut(), old, context.limits().verify(), progress);
      return context.invariants().lostOnTheWayBack(run, old);
    } catch (HealthException e) {
      if (context.rehearsal().isEnding(run)) {
        throw e;
      }
      return FailureText.of(e);
    } catch (CapsuleException e) {
      if (e.isOutage() || context.rehearsal().isEnding(run)) {
        throw e;
      }
      return FailureText.of(e);
    }
  }

  /** What both versions use and the new one may write to, so that there is no older state of it. */
  private List<String> shared(Generation blue, Generation next) {
    return Stream.concat(
            context.planner().leftOutOfSnapshot(blue).stream().map(name -> "volume " + name),
            context.builder().grants(next.image()).paths().stream()
                .filter(path -> !path.readOnly())
                .map(HostGrants.Path::path))
        .toList();
  }

  /** What a version has changed in databases: a line for each database. */
  static List<String> changes(List<DatabaseSchema> before, List<DatabaseSchema> after) {
    Map<String, DatabaseSchema> old = new TreeMap<>();
    before.forEach(each -> old.put(key(each), each));
    List<String> lines = new ArrayList<>();
    for (DatabaseSchema now : after) {
      DatabaseSchema was = old.get(key(now));
      if (was == null) {
        if (!now.tables().isEmpty()) {
          lines.add("%s is new, with %d tables".formatted(key(now), now.tables().size()));
        }
        continue;
      }
      List<String> parts = new ArrayList<>();
      now.versions()
          .forEach((file, version) -> {
            String earlier = was.versions().getOrDefault(file, "");
            if (!earlier.equals(version) && !earlier.isEmpty()) {
              parts.add(
                  "%s became %s%s"
                      .formatted(earlier, version, file.isEmpty() ? "" : " in " + file));
            }
          });
      now.migrations()
          .forEach((table, names) -> migrations(table, was.migrations().get(table), names, parts));
      tables(was.tables(), now.tables(), parts);
      if (!parts.isEmpty()) {
        lines.add(key(now) + ": " + String.join("; ", parts));
      }
    }
    return lines;
  }

  private static String key(DatabaseSchema schema) {
    return schema.database().isEmpty()
        ? schema.service()
        : schema.service() + " " + schema.database();
  }

  private static void migrations(
      String table, @Nullable List<String> before, List<String> after, List<String> parts) {
    List<String> earlier = before == null ? List.of() : before;
    List<String> ran = new ArrayList<>(after);
    earlier.forEach(ran::remove);
    List<String> gone = new ArrayList<>(earlier);
    after.forEach(gone::remove);
    if (!ran.isEmpty()) {
      parts.add("%s: %s ran".formatted(table, named(ran)));
    }
    // A tool that keeps one row, such as Alembic's version, has replaced it.
    if (!gone.isEmpty()) {
      parts.add("%s: %s gone".formatted(table, named(gone)));
    }
  }

  private static void tables(
      Map<String, String> before, Map<String, String> after, List<String> parts) {
    TreeSet<String> added = new TreeSet<>(after.keySet());
    added.removeAll(before.keySet());
    TreeSet<String> gone = new TreeSet<>(before.keySet());
    gone.removeAll(after.keySet());
    List<String> changed =
        after.entrySet().stream()
            .filter(each -> before.containsKey(each.getKey()))
            .filter(each -> !each.getValue().equals(before.get(each.getKey())))
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    if (!added.isEmpty()) {
      parts.add("tables added: " + named(added));
    }
    if (!changed.isEmpty()) {
      parts.add("tables changed: " + named(changed));
    }
    if (!gone.isEmpty()) {
      parts.add("tables removed: " + named(gone));
    }
  }

  private static String named(Iterable<String> names) {
    List<String> all = new ArrayList<>();
    names.forEach(all::add);
    int more = all.size() - MOST_NAMED;
    return String.join(", ", all.subList(0, Math.min(MOST_NAMED, all.size())))
        + (more > 0 ? " and %d more".formatted(more) : "");
  }

  /** What is known of the way back from a version as it is now to what serves. */
  public Optional<ReversalRecord> known(Generation blue, String version) {
    List<ReversalRecord> all = context.journal().reversals();
    if (all.stream().noneMatch(each -> each.version().equals(version))) {
      return Optional.empty();
    }
    return find(version, new Releases(context.settings().stack()).content(version), blue);
  }

  private Optional<ReversalRecord> find(String version, String content, Generation old) {
    return context.journal().reversals().stream()
        .filter(each -> each.version().equals(version) && each.content().equals(content))
        .filter(each -> each.fromVersion().equals(old.version()))
        .filter(each -> each.fromContent().equals(old.content()))
        .findFirst();
  }

  /**
   * Refuses an upgrade from whose version nothing leads back, unless that is accepted.
   *
   * @throws RefusedException with what a rehearsal has found
   */
  public void requireAccepted(Generation blue, String version, DataOptions options) {
    known(blue, version).ifPresent(found -> requireAccepted(found, options));
  }

  /** The same, of what was found. */
  public void requireAccepted(ReversalRecord found, DataOptions options) {
    if (found.label() == Label.ONE_WAY
        && context.limits().oneWay() == OneWay.REFUSE
        && !options.acceptOneWay()) {
      throw new RefusedException(
          found.line()
              + ": make a snapshot or a backup of what is not kept, and then give --accept-one-way,"
              + " or set upgrade.one-way = accept");
    }
  }

  /** Why an old version does not work on the data of a new one; empty where that is not known. */
  Optional<ReversalRecord> failure(Generation next, Generation old) {
    return find(next.version(), next.content(), old)
        .filter(ReversalRecord::fails)
        .filter(ReversalRecord::conclusive);
  }

  /**
   * Refuses to start an old version on the data of a new one where that is known not to work.
   *
   * @throws RefusedException with what a rehearsal has found
   */
  public void requireCarry(Generation next, Generation old) {
    failure(next, old)
        .ifPresent(found -> {
          throw new RefusedException(
              "--data carry would fail, as the rehearsal in %s has found: %s; --data restore goes back to the data as of the switch"
                  .formatted(found.run(), found.line()));
        });
  }

  /** What speaks against starting an old version on the data of a new one, a line each. */
  public List<String> notes(Generation next, Generation old) {
    List<String> notes = new ArrayList<>();
    failure(next, old).ifPresent(found -> notes.add("carry is refused: " + found.line()));
    Map<String, String> before = context.builder().databases(next.image());
    Map<String, String> after = context.builder().databases(old.image());
    new TreeMap<>(before)
        .forEach((service, series) -> {
          String older = after.getOrDefault(service, series);
          if (isOlder(older, series)) {
            notes.add(
                "%s: with carry %s opens files of %s, which no database promises to work%s"
                    .formatted(
                        service,
                        older,
                        series,
                        find(next.version(), next.content(), old)
                                .filter(found -> !found.fails())
                                .isPresent()
                            ? "; it did in the rehearsal"
                            : ""));
          }
        });
    return notes;
  }

  /**
   * Whether a release series, such as {@code MariaDB 10.11}, is before another of that database.
   */
  private static boolean isOlder(String older, String series) {
    String[] one = older.split(" ", 2);
    String[] two = series.split(" ", 2);
    return one.length == 2
        && two.length == 2
        && one[0].equals(two[0])
        && VersionOrder.INSTANCE.compare(one[1], two[1]) < 0;
  }
}
