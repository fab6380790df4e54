package dev.orchestrator.upgrade;

import java.util.Locale;

/**
 * The steps that runs are made of. {@link Actions} and {@link Undo} each have one exhaustive switch
 * over them: a new step does not compile until it can be run and undone.
 */
public enum Step {
  PREFLIGHT(
      "checks the engine, the version, the disk, the ports and that what serves is healthy",
      "nothing to undo"),
  BUILD("builds the capsule image, or takes the one with the same content", "kept as a cache"),
  PREPARE(
      "makes green's container and volumes; inner engine up, services created, not started",
      "green is removed"),
  WAKE("starts the kept capsule's container and its inner engine", "it is stopped again"),
  PRE_SYNC("copies the data while blue serves", "green's data is removed"),
  HOLD("new connections wait; existing ones may end by themselves", "they are released to blue"),
  QUIESCE("stops blue's services, so that what they have in memory is on disk", "blue is started"),
  SYNC("copies what changed since, flushes it, compares the two sides", "green's data is removed"),
  START("starts green's services", "green's services are stopped"),
  VERIFY("waits until every service and every probe is healthy", "nothing to undo"),
  SWITCH("leads every route to green and releases what waits", "routes lead to blue again"),
  BAKE("watches green", "rolls back"),
  RETAIN("stops blue and keeps it; removes older generations", "nothing to undo");

  /** What the next start does with a run that was cut off in a step. */
  public enum AfterRestart {
    /** Runs it again from its beginning: what was done is found, nobody waits. */
    GO_ON,
    /** Clients wait: they are given back to what served. */
    UNDO,
    /** The journal decides: with the switch in it the run goes on, else it is undone. */
    ASK_THE_JOURNAL
  }

  private final String does;
  private final String undo;

  Step(String does, String undo) {
    this.does = does;
    this.undo = undo;
  }

  /** Its name in the journal, in events and on the terminal, such as {@code pre-sync}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The step of that name. */
  public static Step of(String id) {
    return valueOf(id.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** What it does, for a plan. */
  public String does() {
    return does;
  }

  /** The one table of it. A run in which nobody serves before it, such as the first up, goes on. */
  public AfterRestart afterRestart() {
    return switch (this) {
      case PREFLIGHT, BUILD, PREPARE, WAKE, PRE_SYNC -> AfterRestart.GO_ON;
      case HOLD, QUIESCE, SYNC, START, VERIFY -> AfterRestart.UNDO;
      case SWITCH -> AfterRestart.ASK_THE_JOURNAL;
      case BAKE, RETAIN -> AfterRestart.GO_ON;
    };
  }

  /** What undoes it, for a plan. */
  public String undo() {
    return undo;
  }
}
