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
 * The durable store of a stack: its generations, its runs with their steps and attachments, and
 * quarantined versions. What a call writes is on the disk when the call returns, whole or not at
 * all. Calls block for a flush of the disk; any thread may make them. They fail with {@link
 * JournalException} when the file can't be read or written.
 *
 * <p>A stack has a file of its own, which one process at a time has open. A <em>run</em> is an up,
 * an upgrade or a rollback.
 */
public final class Journal implements AutoCloseable {

  private final JournalDatabase database;
  private final InstantSource clock;

  /** Those on other engines, as engine calls ask for them; null after a change. */
  private volatile @Nullable List<GenerationRecord> elsewhere;

  private Journal(JournalDatabase database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Opens the file; creates it, readable by its owner alone, when there is none. A damaged or
   * half-written file is a {@link JournalException}: it is never replaced by an empty one.
   */
  public static Journal open(Path file, InstantSource clock) {
    return new Journal(JournalDatabase.open(file), clock);
  }

  /**
   * Name of the stack that a journal belongs to, empty when none has claimed it. Opens the file and
   * closes it, which puts everything into the one file.
   */
  public static String owner(Path file, InstantSource clock) {
    try (Journal journal = open(file, clock)) {
      return journal.database.transact("reading the stack's name", Journal::owner);
    }
  }

  private static String owner(Connection c) throws SQLException {
    return SqlStatements.first(c, row -> row.getString(1), "SELECT name FROM stack").orElseThrow();
  }

  /**
   * Ties a new journal to the stack. The journal of another stack is refused: that stack's capsules
   * would be taken for this one's.
   */
  public void claim(String stack) throws RefusedException {
    String owner =
        database.transact(
            "reading the stack's name",
            c -> {
              SqlStatements.update(c, "UPDATE stack SET name = ? WHERE name = ''", stack);
              return owner(c);
            });
    if (!owner.equals(stack)) {
      throw new RefusedException(
          "this state folder belongs to stack %s, the configuration names %s: give that one its name back"
              .formatted(owner, stack));
    }
  }

  /** Takes the next generation's number, which is not given again even if it stays unused. */
  public int nextGeneration() {
    return database.transact("numbering a generation", GenerationTable::next);
  }

  /** Adds a generation that a run prepares, to the generations and to the run's record. */
  public void addCandidate(String upgradeId, Generation generation) {
    write(
        "adding generation " + generation.number(),
        c -> {
          GenerationTable.add(c, generation);
          UpgradeTable.candidate(c, upgradeId, generation.number());
        });
    elsewhere = null;
  }

  /**
   * Adds a generation that no run prepares: the data of a backup, until {@link #addSnapshot} makes
   * it a snapshot. Like a run's candidate it is removed if the service is killed before.
   */
  public void addImported(Generation generation) {
    write("adding generation " + generation.number(), c -> GenerationTable.add(c, generation));
  }

  /** Replaces the image of a generation, with what goes with it: its content and its ports. */
  public void setImage(Generation generation) {
    write(
        "writing the image of generation " + generation.number(),
        c -> GenerationTable.image(c, generation));
  }

  /** The generation that serves, or that would serve if the stack were not down. */
  public Optional<Generation> serving() {
    return database
        .transact("reading what serves", GenerationTable::serving)
        .map(GenerationRecord::generation);
  }

  /**
   * The generation that a rollback goes to: the newest that was replaced by a newer generation. A
   * generation that a rollback replaced is set aside instead, and no rollback goes to it.
   */
  public Optional<Generation> previous() {
    return database
        .transact("reading what served before", GenerationTable::previous)
        .map(GenerationRecord::generation);
  }

  /** All generations, removed ones included, oldest first. */
  public List<GenerationRecord> generations() {
    return database.transact("reading the generations", GenerationTable::all);
  }

  /**
   * Has a capsule serve that another orchestrator has brought here. Its number goes on from that
   * one's: it is the epoch of its data's lease.
   *
   * @throws RefusedException when the stack was up before
   */
  public void attach(Generation generation) throws RefusedException {
    boolean empty =
        database.transact(
            "attaching generation " + generation.number(),
            c -> {
              if (!GenerationTable.all(c).isEmpty()) {
                return false;
              }
              GenerationTable.add(c, generation);
              GenerationTable.serve(c, generation.number(), false);
              return true;
            });
    elsewhere = null;
    if (!empty) {
      throw new RefusedException("the stack was up before: attach to a stack that never was");
    }
  }

  /** The generations that are, or were, on other engines. Cheap. */
  public List<Generation> elsewhere() {
    return recordsElsewhere().stream().map(GenerationRecord::generation).toList();
  }

  /** Those of them that have not been removed. */
  public List<Generation> presentElsewhere() {
    return recordsElsewhere().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .toList();
  }

  private List<GenerationRecord> recordsElsewhere() {
    List<GenerationRecord> known = elsewhere;
    if (known == null) {
      known = generations().stream().filter(row -> row.generation().elsewhere() != null).toList();
      elsewhere = known;
    }
    return known;
  }

  /**
   * Switches to a generation, in one transaction: it serves; the generation that served is kept, or
   * set aside when it is the newer of the two or the run is a rollback or a restore; and the run's
   * record has the switch. To switch back, call it with the other number. Safe to repeat.
   */
  public void switchTo(String upgradeId, int generation) {
    write(
        "switching to generation " + generation,
        c -> {
          UpgradeTable.switched(c, upgradeId, generation, clock.instant());
          boolean rollback =
              UpgradeTable.find(c, upgradeId)
                  .filter(run -> run.kind() == Kind.ROLLBACK || run.kind() == Kind.RESTORE)
                  .filter(run -> Integer.valueOf(generation).equals(run.to()))
                  .isPresent();
          GenerationTable.serve(c, generation, rollback);
        });
  }

  /**
   * Switches to the project that was adopted, in one transaction: no generation serves, the one
   * that did is set aside, and the run's record has the switch. Safe to repeat.
   */
  public void switchToOriginal(String upgradeId) {
    write(
        "switching to the original",
        c -> {
          UpgradeTable.switched(c, upgradeId, UpgradeRecord.ORIGINAL, clock.instant());
          GenerationTable.setAsideServing(c);
        });
  }

  /**
   * The adoption by which the project of an attachment serves as this stack, or did before the
   * stack was removed; empty where there is none that has not been undone.
   */
  public Optional<UpgradeRecord> adoption() {
    for (UpgradeRecord run : history()) {
      if (run.outcome() == Outcome.DONE && run.returnsToOriginal()) {
        return Optional.empty();
      }
      if (run.outcome() == Outcome.DONE && run.kind() == Kind.ADOPT) {
        return Optional.of(run);
      }
    }
    return Optional.empty();
  }

  /**
   * The name of the compose project that this stack was made of, while that serves in its place:
   * before the take-over of an adoption, after one that has failed, and after one that was undone.
   */
  public Optional<String> servingOriginal() {
    if (serving().isPresent()) {
      return Optional.empty();
    }
    return history().stream()
        .filter(UpgradeRecord::concernsOriginal)
        .findFirst()
        .filter(run ->
            switch (run.outcome()) {
              // After a removal of the stack, which forgets all other runs, the project is not
              // back.
              case DONE -> run.returnsToOriginal();
              case RUNNING -> run.kind() == Kind.ADOPT || switched(run.id()).isPresent();
              default -> run.kind() == Kind.ADOPT;
            })
        .map(run -> run.kind() == Kind.ADOPT ? run.fromVersion() : run.toVersion());
  }

  /** The last switch of a run; empty before the first. */
  public Optional<SwitchRecord> switched(String upgradeId) {
    return database.transact("reading a switch", c -> UpgradeTable.lastSwitch(c, upgradeId));
  }

  /** Sets the data volumes that a generation has from now on. */
  public void setVolumes(int generation, List<DataVolume> volumes) {
    write(
        "writing the volumes of generation " + generation,
        c -> GenerationTable.volumes(c, generation, volumes));
  }

  /** Sets the state of a generation; {@link #switchTo} alone makes a generation serve. */
  public void setState(int generation, Generation.State state) {
    if (state == Generation.State.SERVING) {
      throw new IllegalArgumentException("a generation serves by a switch alone");
    }
    write("writing generation " + generation, c -> GenerationTable.state(c, generation, state));
    elsewhere = null;
  }

  /**
   * Makes a run's candidate a snapshot, in one transaction with its name. Safe to repeat.
   *
   * @throws RefusedException when another snapshot has the name
   */
  public void addSnapshot(SnapshotRecord snapshot) throws RefusedException {
    write(
        "adding snapshot " + snapshot.name(),
        c -> {
          requireFreeName(c, snapshot);
          SnapshotTable.add(c, snapshot);
          GenerationTable.state(c, snapshot.generation(), Generation.State.SNAPSHOT);
        });
  }

  /**
   * Gives the data of a generation that served a name, so that it stays as a snapshot. Whatever
   * else the generation is kept for does not change. No effect where it has a name.
   *
   * @throws RefusedException when another snapshot has the name
   */
  public void nameSnapshot(SnapshotRecord snapshot) throws RefusedException {
    write(
        "adding snapshot " + snapshot.name(),
        c -> {
          requireFreeName(c, snapshot);
          SnapshotTable.add(c, snapshot);
        });
  }

  private static void requireFreeName(Connection connection, SnapshotRecord snapshot)
      throws SQLException {
    Optional<SnapshotRecord> other = SnapshotTable.find(connection, snapshot.name());
    if (other.filter(found -> found.generation() != snapshot.generation()).isPresent()) {
      throw new RefusedException("there is a snapshot " + snapshot.name() + " already");
    }
  }

  /** Takes the name of a snapshot from a generation's data; the generation stays what it is. */
  public void removeSnapshotName(int generation) {
    write(
        "removing the snapshot of generation " + generation,
        c -> SnapshotTable.remove(c, generation));
  }

  /** Keeps what a proof of the snapshot that is a generation's data has found. */
  public void recordProof(int generation, SnapshotRecord.Proof proof) {
    write(
        "writing the proof of generation " + generation,
        c -> SnapshotTable.prove(c, generation, proof));
  }

  /** Keeps the tables of the databases of the snapshot that is a generation's data. */
  public void recordTables(int generation, String json) {
    write(
        "writing the tables of generation " + generation,
        c -> SnapshotTable.tables(c, generation, json));
  }

  /**
   * Adds the generation of a rehearsal, beside the candidate of its run. Like a candidate it is
   * removed if the service is killed before the rehearsal has done so.
   */
  public void addRehearsal(Generation generation) {
    write("adding generation " + generation.number(), c -> GenerationTable.add(c, generation));
  }

  /**
   * Keeps what a rehearsal has found, in place of what an earlier one of the version has. A bad one
   * puts the version in quarantine; a good one takes it out where a rehearsal has put it there.
   */
  public void recordRehearsal(RehearsalRecord rehearsal) {
    write(
        "writing the rehearsal of " + rehearsal.version(),
        c -> {
          RehearsalTable.put(c, rehearsal);
          if (rehearsal.good()) {
            QuarantineTable.removeOfRehearsal(c, rehearsal.version(), rehearsal.content());
          } else {
            QuarantineTable.addOfRehearsal(
                c,
                new QuarantineRecord(
                    rehearsal.version(), rehearsal.content(), rehearsal.reason(), clock.instant()));
          }
        });
  }

  /** Keeps what a rehearsal has found of the way back from a version. */
  public void recordReversal(ReversalRecord reversal) {
    write("writing the way back from " + reversal.version(), c -> ReversalTable.put(c, reversal));
  }

  /** Forgets what an earlier rehearsal has found of the way back from a version. */
  public void forgetReversal(String version) {
    write("forgetting the way back from " + version, c -> ReversalTable.remove(c, version));
  }

  /** What is known of the way back from each version. */
  public List<ReversalRecord> reversals() {
    return database.transact("reading the ways back", ReversalTable::all);
  }

  /** The last rehearsal of each version, newest data first. */
  public List<RehearsalRecord> rehearsals() {
    return database.transact("reading the rehearsals", RehearsalTable::newestFirst);
  }

  /** The last rehearsal of a version. */
  public Optional<RehearsalRecord> rehearsal(String version) {
    return database.transact(
        "reading the rehearsal of " + version, c -> RehearsalTable.of(c, version));
  }

  /** All snapshots, oldest first. */
  public List<SnapshotRecord> snapshots() {
    return database.transact("reading the snapshots", SnapshotTable::all);
  }

  public Optional<SnapshotRecord> snapshot(String name) {
    return database.transact("reading snapshot " + name, c -> SnapshotTable.find(c, name));
  }

  /**
   * Whether the stack was taken down by command: then a restart of the service doesn't start it.
   */
  public boolean down() {
    return database.transact(
        "reading whether the stack is down",
        c ->
            SqlStatements.first(c, row -> row.getInt(1) == 1, "SELECT down FROM stack")
                .orElseThrow());
  }

  public void setDown(boolean down) {
    write(
        "writing whether the stack is down",
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

  /** Adds a step's line to a run. Line breaks of the detail become spaces. */
  public StepRecord append(String upgradeId, String step, StepRecord.Phase phase, String detail) {
    return database.transact(
        "writing step " + step,
        c -> UpgradeTable.append(c, upgradeId, step, phase, detail, clock.instant()));
  }

  /** Keeps JSON with a run under a key; replaces what was there. */
  public void attach(String upgradeId, String key, String json) {
    write("writing " + key, c -> UpgradeTable.attach(c, upgradeId, key, json));
  }

  public Optional<String> attachment(String upgradeId, String key) {
    return database.transact("reading " + key, c -> UpgradeTable.attachment(c, upgradeId, key));
  }

  /** Ends a run. */
  public void end(String upgradeId, Outcome outcome, String reason) {
    if (outcome == Outcome.RUNNING) {
      throw new IllegalArgumentException("running is not an end");
    }
    write(
        "ending " + upgradeId,
        c -> UpgradeTable.end(c, upgradeId, outcome, reason, clock.instant()));
  }

  /**
   * Ends a run whose version serves, in one transaction: the stack is not down any more, and the
   * version is in no quarantine.
   */
  public void succeed(String upgradeId, String version) {
    write(
        "ending " + upgradeId,
        c -> {
          int _ = QuarantineTable.remove(c, version);
          succeed(c, upgradeId);
        });
  }

  /**
   * Ends a rollback whose version serves, in one transaction: the stack is not down any more, and
   * the version that was left is in quarantine.
   */
  public void succeed(String upgradeId, Generation left, String why) {
    write(
        "ending " + upgradeId,
        c -> {
          QuarantineTable.add(
              c, new QuarantineRecord(left.version(), left.content(), why, clock.instant()));
          succeed(c, upgradeId);
        });
  }

  private void succeed(Connection connection, String upgradeId) throws SQLException {
    SqlStatements.update(connection, "UPDATE stack SET down = 0");
    UpgradeTable.end(connection, upgradeId, Outcome.DONE, "", clock.instant());
  }

  /** Turns the outcome of a run that needs attention into rolled back; adds to its reason. */
  public void settle(String upgradeId, String reason) {
    write("settling " + upgradeId, c -> UpgradeTable.settle(c, upgradeId, reason));
  }

  /** The run that is under way; there is never more than one. */
  public Optional<UpgradeRecord> running() {
    return database.transact("reading what runs", UpgradeTable::running);
  }

  public Optional<UpgradeRecord> upgrade(String id) {
    return database.transact("reading " + id, c -> UpgradeTable.find(c, id));
  }

  /** All runs, newest first. */
  public List<UpgradeRecord> history() {
    return database.transact("reading the history", UpgradeTable::newestFirst);
  }

  /** The run that began last. */
  public Optional<UpgradeRecord> lastRun() {
    return database.transact("reading the last run", UpgradeTable::newest);
  }

  /** The lines of a run's steps, in the order in which they were written. */
  public List<StepRecord> steps(String id) {
    return database.transact("reading the steps of " + id, c -> UpgradeTable.steps(c, id));
  }

  /**
   * Puts a version in quarantine, by its content.
   *
   * @param content empty when the version failed before its content was known: then every content
   *     of that version is in quarantine
   */
  public void quarantine(String version, String content, String reason) {
    write(
        "quarantining " + version,
        c ->
            QuarantineTable.add(
                c, new QuarantineRecord(version, content, reason, clock.instant())));
  }

  /** The newest quarantine of a version, whatever its content. */
  public Optional<QuarantineRecord> quarantined(String version) {
    return database.transact("reading the quarantine", c -> QuarantineTable.of(c, version));
  }

  /** The newest quarantine of a content, whatever the name of the version that failed with it. */
  public Optional<QuarantineRecord> quarantined(String version, String content) {
    return database.transact(
        "reading the quarantine", c -> QuarantineTable.of(c, version, content));
  }

  /** All quarantines, newest first. */
  public List<QuarantineRecord> quarantines() {
    return database.transact("reading the quarantine", QuarantineTable::newestFirst);
  }

  /**
   * Forgets everything about the stack, for {@code down --volumes}, except an adoption: the project
   * that was adopted is still there. Numbers go on: no generation and no run ever has the number of
   * an earlier one.
   */
  public void forget() {
    int kept = adoption().map(run -> UpgradeTable.number(run.id())).orElse(0);
    write(
        "forgetting the stack",
        c -> {
          // Steps and attachments go with their runs.
          SqlStatements.update(c, "DELETE FROM upgrade WHERE number <> ?", kept);
          for (String table :
              List.of("generation", "quarantine", "snapshot", "rehearsal", "reversal")) {
            SqlStatements.update(c, "DELETE FROM " + table);
          }
          SqlStatements.update(c, "UPDATE stack SET down = 0");
        });
    elsewhere = null;
  }

  @Override
  public void close() {
    database.close();
  }

  private interface Change {
    void apply(Connection connection) throws SQLException;
  }

  private void write(String doing, Change change) {
    database.transact(
        doing,
        c -> {
          change.apply(c);
          return true;
        });
  }
}
