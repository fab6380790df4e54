package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.proxy.gate.DrainResult;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of one run in memory. Everything that must survive the process is in the journal.
 * Confined to the run's thread, except for {@link #control}.
 */
public final class UpgradeRun {
  /** Key in the journal, with the run: the project that it adopts or goes back to. */
  public static final String ORIGINAL_KEY = "original";

  /** Key in the journal, with the run: the address of the engine that it moves to. */
  public static final String DESTINATION_KEY = "destination";

  public final UpgradeRecord record;
  public final List<Step> steps;
  public final RunControl control = new RunControl();

  /** The generation that served before the run; null where none did, as at the first {@code up}. */
  public final @Nullable Generation blue;

  /**
   * The compose project that served before an adoption, or that a rollback goes back to; null in
   * any other run.
   */
  public final @Nullable Original original;

  /** The candidate; null before the step that creates it. */
  public @Nullable Generation green;

  /** What the preflight has found of the candidate's version; null before it. */
  public @Nullable VersionCheck check;

  /** The candidate's image; set by the build step. */
  public @Nullable CapsuleImage image;

  /**
   * In a rollback that carries the data: the kept generation whose version is to run again. In a
   * restore or a proof: the generation that is the snapshot.
   */
  public @Nullable Generation previous;

  /** The time by which the switch must have happened; set by the hold step. */
  public @Nullable Deadline holdDeadline;

  /** When clients began to wait, on the wall clock; null before that. */
  public @Nullable Instant heldAt;

  /** The same as {@link System#nanoTime}. */
  public long heldAtNanos;

  /** How long clients waited for a snapshot; set when they no longer do. */
  public long pauseMillis;

  /** Whether blue serves its clients again, in a run that makes a snapshot. */
  public boolean released;

  /** How each volume of the candidate gets its data; null before that has been planned. */
  @Nullable List<VolumeTransfer> transfers;

  /** What becomes of the release's files in the data; null before that has been planned. */
  public @Nullable FilePlan files;

  /** The step that failed; null where none has. */
  public @Nullable Step failedStep;

  /** Copies under way, by volume name. */
  final Map<String, Copying> copies = new HashMap<>();

  /** Whether the journal has the switch, so that green serves. */
  public boolean switched;

  /** Restarts of each of green's services by the end of the verify step. */
  public Map<String, Integer> restartsAtVerify = Map.of();

  /**
   * The figures of invariants before, by the invariant's name: one, or two between which it was at
   * the moment of a copy.
   */
  final Map<String, List<String>> figures = new TreeMap<>();

  /** The schemas of the databases of what serves, before a rehearsal; none where not asked. */
  List<DatabaseSchema> schemas = List.of();

  /** Those of the version that is rehearsed, on its copy. */
  List<DatabaseSchema> schemasAfter = List.of();

  /** Whether the figures were had so soon that they may be asked again while clients wait. */
  boolean figuresAreQuick;

  /**
   * A problem that is left although everything was undone, such as an unhealthy blue; else empty.
   */
  String remainingProblem = "";

  /**
   * Called on the run's thread before an undo that has failed is tried again; may not throw. For a
   * run on a thread that has other work.
   */
  public Runnable betweenUndoTries = () -> {};

  /** How the connections ended that were open at the hold. */
  public DrainResult drainResult = new DrainResult(0, 0);

  /** Whether the other host of a move did not answer when something there was to be undone. */
  boolean otherHostIsAway;

  /** Steps that have begun in this process, also those whose intent the journal could not take. */
  final Set<Step> begunSteps = new LinkedHashSet<>();

  /**
   * Why new connections to the project's ports can't be redirected; empty where they can, null
   * before that was found out.
   */
  @Nullable String noRedirect;

  private final boolean holdsClients;

  public UpgradeRun(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green) {
    this(record, steps, blue, green, null);
  }

  public UpgradeRun(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green,
      @Nullable Original original) {
    this.original = original;
    this.record = record;
    this.steps = steps;
    this.blue = blue;
    this.green = green;
    this.holdsClients = steps.stream().anyMatch(Step::holdsClients);
  }

  /** Ends the helper containers of copies; the data that they have copied stays. */
  public void endCopies() {
    List.copyOf(copies.keySet())
        .forEach(name -> {
          Copying copying = copies.remove(name);
          if (copying != null) {
            copying.close();
          }
        });
  }

  public String id() {
    return record.id();
  }

  /** Whether clients wait in this run, because a version serves before it. */
  public boolean holdsClients() {
    return holdsClients;
  }

  /** Whether a step that makes clients wait has begun in this process. */
  boolean hasBegunHold() {
    return begunSteps.stream().anyMatch(Step::holdsClients);
  }

  public Generation blue() {
    if (blue == null) {
      throw new IllegalStateException(id() + " has no generation that served before");
    }
    return blue;
  }

  /** The generation that a restore, a proof, or a rollback with the newer data begins with. */
  public Generation previous() {
    if (previous == null) {
      throw new IllegalStateException(id() + " goes back to no generation");
    }
    return previous;
  }

  public Original original() {
    if (original == null) {
      throw new IllegalStateException(id() + " adopts nothing");
    }
    return original;
  }

  /** Whether this run makes a snapshot, and blue serves on. */
  public boolean makesSnapshot() {
    return record.kind() == Kind.SNAPSHOT;
  }

  /** Whether this run brings the version and the data of a snapshot back. */
  public boolean restoresSnapshot() {
    return record.kind() == Kind.RESTORE;
  }

  /**
   * Whether this run starts a snapshot out of reach, and throws it away: what serves has nothing to
   * do with it.
   */
  public boolean provesSnapshot() {
    return record.kind() == Kind.PROVE;
  }

  /** Whether this run is a rehearsal alone: it leaves nothing but what it has found. */
  public boolean rehearsesOnly() {
    return record.kind() == Kind.REHEARSE;
  }

  /** Whether nothing serves before this run, so that it owns whatever of the stack it brings up. */
  public boolean bringsUp() {
    return !holdsClients && !provesSnapshot() && !rehearsesOnly();
  }

  /** Why blue needs a person although it serves again; empty where it does not. */
  public String remainingProblem() {
    return remainingProblem;
  }

  /** Whether a compose project of the host served before this run. */
  public boolean adopts() {
    return record.kind() == Kind.ADOPT;
  }

  /** Whether its candidate is on another engine. */
  public boolean moves() {
    return record.kind() == Kind.MOVE;
  }

  /** Leaves a problem although everything was undone: a person must look. */
  public void leaveProblem(String problem) {
    remainingProblem = problem;
  }

  public Generation green() {
    if (green == null) {
      throw new IllegalStateException(id() + " has no candidate yet");
    }
    return green;
  }

  /**
   * The time that an action may take: its own limit and, while clients wait, at most the rest of
   * the hold budget.
   *
   * @throws HoldBudgetExceededException when the hold budget is used up
   */
  public Duration budget(Duration limit) {
    Deadline deadline = holdDeadline;
    if (deadline == null) {
      return limit;
    }
    if (deadline.passed()) {
      throw new HoldBudgetExceededException();
    }
    return deadline.atMost(limit);
  }
}
