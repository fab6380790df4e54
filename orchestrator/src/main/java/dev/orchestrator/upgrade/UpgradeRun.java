package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run of the saga while it is in memory. All that must outlive the process is in the journal.
 * Confined to the run's thread, {@link #reins} apart.
 */
public final class UpgradeRun {
  public final UpgradeRecord record;
  public final List<Step> steps;
  public final RunControl reins = new RunControl();

  /** What served before; null at the first {@code up}. */
  final @Nullable Generation blue;

  /** The candidate; of an upgrade it is there from {@code prepare} on. */
  public @Nullable Generation green;

  @Nullable CapsuleImage image;

  /** Of a rollback that carries the data: the kept generation whose version is to run again. */
  public @Nullable Generation old;

  /** Set by {@code hold}: by when the switch must have happened. */
  @Nullable Deadline hold;

  /** How the data gets to the candidate; null before it was found out. */
  @Nullable List<VolumeTransfer> moves;

  /** The step that failed; null where none has. */
  public @Nullable Step failed;

  /** Copies under way, by the volume's name. */
  final Map<String, Copying> copies = new HashMap<>();

  /** The journal has the switch: green serves. */
  public boolean switched;

  /** How often each service had been restarted when green was found healthy. */
  Map<String, Integer> restarts = Map.of();

  /** What is not as it should be although everything was undone; empty when all is well. */
  String unwell = "";

  /** Steps that began in this process: the journal knows them too, when it could be written. */
  final Set<Step> begun = EnumSet.noneOf(Step.class);

  Traffic.Drained drained = new Traffic.Drained(0, 0);

  public UpgradeRun(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green) {
    this.record = record;
    this.steps = steps;
    this.blue = blue;
    this.green = green;
  }

  /** Ends the helpers of copies; what was copied stays. */
  void endCopies() {
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

  /** Whether clients wait in it: it has a side that serves before it. */
  public boolean holds() {
    return steps.contains(Step.HOLD);
  }

  public Generation blue() {
    if (blue == null) {
      throw new IllegalStateException(id() + " has no generation that served before");
    }
    return blue;
  }

  Generation green() {
    if (green == null) {
      throw new IllegalStateException(id() + " has no candidate yet");
    }
    return green;
  }

  /**
   * The time that a step may take: its own limit, and while clients wait what is left of the hold.
   */
  Duration budget(Duration limit) {
    Deadline held = hold;
    if (held == null) {
      return limit;
    }
    if (held.passed()) {
      throw new HoldBudgetExceededException();
    }
    return held.atMost(limit);
  }
}
