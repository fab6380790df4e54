package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.proxy.gate.DrainResult;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run of the saga while it is in memory. Everything that must outlive the process is in the
 * journal. Confined to the run's thread, {@link #control} apart.
 */
public final class UpgradeRun {
  public final UpgradeRecord record;
  public final List<Step> steps;
  public final RunControl control = new RunControl();

  /** The generation that served before; null where none did, as at the first {@code up}. */
  public final @Nullable Generation blue;

  /** The candidate; null before the step that makes it. */
  public @Nullable Generation green;

  /** Set by the build. */
  public @Nullable CapsuleImage image;

  /** Of a rollback that carries the data: the kept generation whose version is to run again. */
  public @Nullable Generation previous;

  /** Set by the hold: by when the switch must have happened. */
  public @Nullable Deadline holdDeadline;

  /** How the data gets to the candidate; null before that was found out. */
  public @Nullable List<VolumeTransfer> transfers;

  /** The step that failed; null where none has. */
  public @Nullable Step failedStep;

  /** Copies under way, by the name of the volume. */
  public final Map<String, Copying> copies = new HashMap<>();

  /** The journal has the switch: green serves. */
  public boolean switched;

  /** How often each service had been restarted when green was found healthy. */
  public Map<String, Integer> restartsAtVerify = Map.of();

  /** What is not as it should be although everything was undone; empty when all is well. */
  public String remainingProblem = "";

  /** What became of the connections that were open at the hold. */
  public DrainResult drainResult = new DrainResult(0, 0);

  /** Steps that began in this process: the journal knows them too, if it could be written. */
  final Set<Step> begunSteps = new LinkedHashSet<>();

  private final boolean holdsClients;

  public UpgradeRun(
      UpgradeRecord record,
      List<Step> steps,
      @Nullable Generation blue,
      @Nullable Generation green) {
    this.record = record;
    this.steps = steps;
    this.blue = blue;
    this.green = green;
    this.holdsClients = steps.stream().anyMatch(Step::holdsClients);
  }

  /** Ends the helpers of copies; the data that they copied stays. */
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

  /** Whether clients wait in this run: a version serves before it, and the routes are open. */
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

  public Generation green() {
    if (green == null) {
      throw new IllegalStateException(id() + " has no candidate yet");
    }
    return green;
  }

  /**
   * The time that a step may take: its own limit, and while clients wait the rest of the hold
   * budget.
   *
   * @throws HoldBudgetExceededException when nothing is left of that
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
