package dev.orchestrator.journal;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the orchestrator knows, durable: whatever a call wrote is on the disk when it returns, whole
 * or not at all. Calls block for a disk flush; any thread may make them. All fail with {@link
 * JournalException} when the file can't be read or written.
 *
 * <p>One file for one stack, open in one process at a time.
 */
public final class Journal implements AutoCloseable {

  private final JournalDatabase database;
  private final InstantSource clock;

  private Journal(JournalDatabase database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Opens the file; makes it, for its owner alone, when there is none. A damaged or half-written
   * one is a {@link JournalException}: never a silent start from nothing.
   */
  public static Journal open(Path file, InstantSource clock) {
    return new Journal(JournalDatabase.open(file), clock);
  }

  /**
   * Ties the journal to a stack, the first time; another stack's is a {@link RefusedException}: its
   * capsules would be taken for ours.
   */
  public void claim(String stack) {
    String owner =
        database.transact(
            "reading the stack's name",
            c -> {
              SqlStatements.update(c, "UPDATE stack SET name = ? WHERE name = ''", stack);
              return SqlStatements.first(c, row -> row.getString(1), "SELECT name FROM stack")
                  .orElseThrow();
            });
    if (!owner.equals(stack)) {
      throw new RefusedException(
          "this state folder belongs to stack %s, the configuration names %s: give that one a `home` of its own"
              .formatted(owner, stack));
    }
  }

  /** The next generation's number. It is taken, also if nothing comes of it. */
  public int nextGeneration() {
    return database.transact("numbering a generation", GenerationTable::next);
  }

  /** A generation that an upgrade prepares: in its record, and in the list. */
  public void addCandidate(String upgradeId, Generation generation) {
    run(
        "adding generation " + generation.number(),
        c -> {
          GenerationTable.add(c, generation);
          UpgradeTable.candidate(c, upgradeId, generation.number());
        });
  }

  /** The generation that serves, or that would if the stack were up. */
  public Optional<Generation> serving() {
    return database
        .transact("reading what serves", GenerationTable::serving)
        .map(GenerationRecord::generation);
  }

  /**
   * The newest kept generation: one that was left for a newer one. The one that a rollback left is
   * set aside, and is not gone back to.
   */
  public Optional<Generation> previous() {
    return database
        .transact("reading what served before", GenerationTable::previous)
        .map(GenerationRecord::generation);
  }

  /** All that there were, oldest first. */
  public List<GenerationRecord> generations() {
    return database.transact("reading the generations", GenerationTable::all);
  }

  /**
   * The switch: in one transaction the generation serves, the one that served is kept (or set
   * aside, when it was the newer one or this is a rollback), and the upgrade has it in its record.
   * Back again is the same call with the other number. Safe to repeat.
   */
  public void switchTo(String upgradeId, int generation) {
    run(
        "switching to generation " + generation,
        c -> {
          UpgradeTable.switched(c, upgradeId, generation, clock.instant());
          boolean back =
              UpgradeTable.one(c, upgradeId)
                  .filter(run -> run.kind() == Kind.ROLLBACK)
                  .filter(run -> Integer.valueOf(generation).equals(run.to()))
                  .isPresent();
          GenerationTable.serve(c, generation, back);
        });
  }

  /** The last switch of an upgrade; empty before it. */
  public Optional<SwitchRecord> switched(String upgradeId) {
    return database.transact("reading a switch", c -> UpgradeTable.lastSwitch(c, upgradeId));
  }

  /** What a generation's data is from now on. */
  public void setVolumes(int generation, List<DataVolume> volumes) {
    run(
        "writing the volumes of generation " + generation,
        c -> GenerationTable.volumes(c, generation, volumes));
  }

  /** What a generation is now, other than serving: that is {@link #switchTo}. */
  public void setState(int generation, Generation.State state) {
    if (state == Generation.State.SERVING) {
      throw new IllegalArgumentException("a generation serves by a switch alone");
    }
    run("writing generation " + generation, c -> GenerationTable.state(c, generation, state));
  }

  /** The stack was taken down on purpose: a restart of the service leaves it so. */
  public boolean down() {
    return database.transact(
        "reading whether it is down",
        c ->
            SqlStatements.first(c, row -> row.getInt(1) == 1, "SELECT down FROM stack")
                .orElseThrow());
  }

  public void setDown(boolean down) {
    run(
        "writing that it is down",
        c -> SqlStatements.update(c, "UPDATE stack SET down = ?", down ? 1 : 0));
  }

  /**
   * Begins a run that has neither a candidate nor attachments yet.
   *
   * @see #begin(Kind, String, String, Integer, Integer, Map)
   */
  public UpgradeRecord begin(
      Kind kind, String fromVersion, String toVersion, @Nullable Integer blue)
      throws RefusedException {
    return begin(kind, fromVersion, toVersion, blue, null, Map.of());
  }

  /**
   * Begins a run with everything that it needs to be executed or undone: in one transaction, so
   * that neither a full disk nor a kill leaves a run without its candidate or its options. Ids are
   * u1, u2, … While a run is under way, another is refused with the id, the kind, the start and the
   * step of the run that is under way.
   *
   * @param blue number of the generation that serves; null when there is none
   * @param candidate number of the generation that the run would switch to; null when a step of the
   *     run makes that generation
   * @param attachments JSON by key, as with {@link #attach}
   */
  public UpgradeRecord begin(
      Kind kind,
      String fromVersion,
      String toVersion,
      @Nullable Integer blue,
      @Nullable Integer candidate,
      Map<String, String> attachments)
      throws RefusedException {
    return database.transact(
        "beginning an upgrade",
        c -> {
          UpgradeRecord run =
              UpgradeTable.begin(c, kind, fromVersion, toVersion, blue, candidate, clock.instant());
          for (Map.Entry<String, String> attachment : attachments.entrySet()) {
            UpgradeTable.attach(c, run.id(), attachment.getKey(), attachment.getValue());
          }
          return run;
        });
  }

  /** The generation that this upgrade would switch to. */
  public void candidate(String upgradeId, int generation) {
    run("writing " + upgradeId, c -> UpgradeTable.candidate(c, upgradeId, generation));
  }

  /** A line of the journal, its detail on one line. */
  public StepRecord append(String upgradeId, String step, StepRecord.Phase phase, String detail) {
    return database.transact(
        "writing step " + step,
        c -> UpgradeTable.append(c, upgradeId, step, phase, detail, clock.instant()));
  }

  /** Keeps JSON with an upgrade, in place of what was there under the key. */
  public void attach(String upgradeId, String key, String json) {
    run("writing " + key, c -> UpgradeTable.attach(c, upgradeId, key, json));
  }

  public Optional<String> attachment(String upgradeId, String key) {
    return database.transact("reading " + key, c -> UpgradeTable.attachment(c, upgradeId, key));
  }

  /** Ends a run that runs. */
  public void end(String upgradeId, Outcome outcome, String reason) {
    if (outcome == Outcome.RUNNING) {
      throw new IllegalArgumentException("running is not an end");
    }
    run(
        "ending " + upgradeId,
        c -> UpgradeTable.end(c, upgradeId, outcome, reason, clock.instant()));
  }

  /** Takes back that a run needs attention. */
  public void settle(String upgradeId, String reason) {
    run("settling " + upgradeId, c -> UpgradeTable.settle(c, upgradeId, reason));
  }

  public Optional<UpgradeRecord> running() {
    return database.transact("reading what runs", UpgradeTable::running);
  }

  public Optional<UpgradeRecord> upgrade(String id) {
    return database.transact("reading " + id, c -> UpgradeTable.one(c, id));
  }

  /** Newest first. */
  public List<UpgradeRecord> history() {
    return database.transact("reading the history", UpgradeTable::newestFirst);
  }

  /** In the order in which they were written. */
  public List<StepRecord> steps(String id) {
    return database.transact("reading the steps of " + id, c -> UpgradeTable.steps(c, id));
  }

  /**
   * Puts a version's content in quarantine.
   *
   * @param content empty when it failed before its content was known: then the version is meant
   */
  public void quarantine(String version, String content, String reason) {
    run(
        "quarantining " + version,
        c ->
            QuarantineTable.add(
                c, new QuarantineRecord(version, content, reason, clock.instant())));
  }

  /** The newest quarantine of a version, whatever its content was. */
  public Optional<QuarantineRecord> quarantined(String version) {
    return database.transact("reading the quarantine", c -> QuarantineTable.of(c, version));
  }

  /** The newest quarantine of this content, under whatever version's name it failed. */
  public Optional<QuarantineRecord> quarantined(String version, String content) {
    return database.transact(
        "reading the quarantine", c -> QuarantineTable.of(c, version, content));
  }

  /** Newest first. */
  public List<QuarantineRecord> quarantines() {
    return database.transact("reading the quarantine", QuarantineTable::newestFirst);
  }

  public void unquarantine(String version) {
    run("taking " + version + " out of quarantine", c -> QuarantineTable.remove(c, version));
  }

  /**
   * Forgets everything of the stack, for {@code down --volumes}. Numbers go on: no generation and
   * no upgrade ever has another's.
   */
  public void forget() {
    run(
        "forgetting the stack",
        c -> {
          for (String table :
              List.of("step", "attachment", "upgrade", "generation", "quarantine")) {
            SqlStatements.update(c, "DELETE FROM " + table);
          }
          SqlStatements.update(c, "UPDATE stack SET down = 0");
        });
  }

  @Override
  public void close() {
    database.close();
  }

  private interface Change {
    void run(Connection connection) throws SQLException;
  }

  private void run(String doing, Change change) {
    database.transact(
        doing,
        c -> {
          change.run(c);
          return true;
        });
  }
}
