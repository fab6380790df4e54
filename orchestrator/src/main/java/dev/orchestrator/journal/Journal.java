package dev.orchestrator.journal;

import dev.orchestrator.Refusal;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
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

  private final Database database;
  private final InstantSource clock;

  private Journal(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Opens the file; makes it, for its owner alone, when there is none. A damaged or half-written
   * one is a {@link JournalException}: never a silent start from nothing.
   */
  public static Journal open(Path file, InstantSource clock) {
    return new Journal(Database.open(file), clock);
  }

  /**
   * Ties the journal to a stack, the first time; another stack's is a {@link Refusal}: its capsules
   * would be taken for ours.
   */
  public void claim(String stack) {
    String owner =
        database.transact(
            "reading the stack's name",
            c -> {
              Sql.update(c, "UPDATE stack SET name = ? WHERE name = ''", stack);
              return Sql.first(c, row -> row.getString(1), "SELECT name FROM stack").orElseThrow();
            });
    if (!owner.equals(stack)) {
      throw new Refusal(
          "this state folder belongs to stack %s, the configuration names %s: give that one a `home` of its own"
              .formatted(owner, stack));
    }
  }

  /** The next generation's number. It is taken, also if nothing comes of it. */
  public int nextGeneration() {
    return database.transact("numbering a generation", Generations::next);
  }

  /** A generation that an upgrade prepares: in its record, and in the list. */
  public void addCandidate(String upgradeId, Generation generation) {
    run(
        "adding generation " + generation.number(),
        c -> {
          Generations.add(c, generation);
          Upgrades.candidate(c, upgradeId, generation.number());
        });
  }

  /** The generation that serves, or that would if the stack were up. */
  public Optional<Generation> serving() {
    return database
        .transact("reading what serves", Generations::serving)
        .map(GenerationRow::generation);
  }

  /**
   * The newest kept generation: one that was left for a newer one. The one that a rollback left is
   * set aside, and is not gone back to.
   */
  public Optional<Generation> previous() {
    return database
        .transact("reading what served before", Generations::previous)
        .map(GenerationRow::generation);
  }

  /** All that there were, oldest first. */
  public List<GenerationRow> generations() {
    return database.transact("reading the generations", Generations::all);
  }

  /**
   * The switch: in one transaction the generation serves, the one that served is kept (or set
   * aside, when it was the newer one), and the upgrade has it in its record. Back again is the same
   * call with the other number. Safe to repeat.
   */
  public void switchTo(String upgradeId, int generation) {
    run(
        "switching to generation " + generation,
        c -> {
          Upgrades.switched(c, upgradeId, generation, clock.instant());
          Generations.serve(c, generation);
        });
  }

  /** The last switch of an upgrade; empty before it. */
  public Optional<Switch> switched(String upgradeId) {
    return database.transact("reading a switch", c -> Upgrades.lastSwitch(c, upgradeId));
  }

  /** What a generation is now, other than serving: that is {@link #switchTo}. */
  public void setState(int generation, Generation.State state) {
    if (state == Generation.State.SERVING) {
      throw new IllegalArgumentException("a generation serves by a switch alone");
    }
    run("writing generation " + generation, c -> Generations.state(c, generation, state));
  }

  /** The stack was taken down on purpose: a restart of the service leaves it so. */
  public boolean down() {
    return database.transact(
        "reading whether it is down",
        c -> Sql.first(c, row -> row.getInt(1) == 1, "SELECT down FROM stack").orElseThrow());
  }

  public void setDown(boolean down) {
    run("writing that it is down", c -> Sql.update(c, "UPDATE stack SET down = ?", down ? 1 : 0));
  }

  /**
   * Begins a run: ids are u1, u2, … While one runs, another is refused with its id, its kind, since
   * when it runs and its step.
   */
  public UpgradeRecord begin(
      Kind kind, String fromVersion, String toVersion, @Nullable Integer from) throws Refusal {
    return database.transact(
        "beginning an upgrade",
        c -> Upgrades.begin(c, kind, fromVersion, toVersion, from, clock.instant()));
  }

  /** The generation that this upgrade would switch to. */
  public void candidate(String upgradeId, int generation) {
    run("writing " + upgradeId, c -> Upgrades.candidate(c, upgradeId, generation));
  }

  /** A line of the journal, its detail on one line. */
  public StepRecord append(String upgradeId, String step, StepRecord.Phase phase, String detail) {
    return database.transact(
        "writing step " + step,
        c -> Upgrades.append(c, upgradeId, step, phase, detail, clock.instant()));
  }

  /** Keeps JSON with an upgrade, in place of what was there under the key. */
  public void attach(String upgradeId, String key, String json) {
    run(
        "writing " + key,
        c ->
            Sql.update(
                c,
                "INSERT INTO attachment (upgrade, key, json) VALUES (?, ?, ?)"
                    + " ON CONFLICT DO UPDATE SET json = excluded.json",
                Upgrades.number(upgradeId),
                key,
                json));
  }

  public Optional<String> attachment(String upgradeId, String key) {
    return database.transact(
        "reading " + key,
        c ->
            Sql.first(
                c,
                row -> row.getString(1),
                "SELECT json FROM attachment WHERE upgrade = ? AND key = ?",
                Upgrades.number(upgradeId),
                key));
  }

  /** Ends a run that runs. */
  public void end(String upgradeId, Outcome outcome, String reason) {
    if (outcome == Outcome.RUNNING) {
      throw new IllegalArgumentException("running is not an end");
    }
    run("ending " + upgradeId, c -> Upgrades.end(c, upgradeId, outcome, reason, clock.instant()));
  }

  /** Takes back that a run needs attention. */
  public void settle(String upgradeId, String reason) {
    run("settling " + upgradeId, c -> Upgrades.settle(c, upgradeId, reason));
  }

  public Optional<UpgradeRecord> running() {
    return database.transact("reading what runs", Upgrades::running);
  }

  public Optional<UpgradeRecord> upgrade(String id) {
    return database.transact("reading " + id, c -> Upgrades.one(c, id));
  }

  /** Newest first. */
  public List<UpgradeRecord> history() {
    return database.transact("reading the history", Upgrades::newestFirst);
  }

  /** In the order in which they were written. */
  public List<StepRecord> steps(String id) {
    return database.transact("reading the steps of " + id, c -> Upgrades.steps(c, id));
  }

  /**
   * Puts a version's content in quarantine.
   *
   * @param content empty when it failed before its content was known: then the version is meant
   */
  public void quarantine(String version, String content, String reason) {
    run(
        "quarantining " + version,
        c -> Quarantines.add(c, new Quarantine(version, content, reason, clock.instant())));
  }

  /** The newest quarantine of a version, whatever its content was. */
  public Optional<Quarantine> quarantined(String version) {
    return database.transact("reading the quarantine", c -> Quarantines.of(c, version));
  }

  /** The newest quarantine of this content, under whatever version's name it failed. */
  public Optional<Quarantine> quarantined(String version, String content) {
    return database.transact("reading the quarantine", c -> Quarantines.of(c, version, content));
  }

  /** Newest first. */
  public List<Quarantine> quarantines() {
    return database.transact("reading the quarantine", Quarantines::newestFirst);
  }

  public void unquarantine(String version) {
    run("taking " + version + " out of quarantine", c -> Quarantines.remove(c, version));
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
            Sql.update(c, "DELETE FROM " + table);
          }
          Sql.update(c, "UPDATE stack SET down = 0");
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
