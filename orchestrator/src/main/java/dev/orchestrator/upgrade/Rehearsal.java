package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.Occupied;
import dev.orchestrator.data.VolumeChanges;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.RehearsalRecord.Changed;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Tries a version out: starts it, out of reach, on a copy of the data of what serves, checks it as
 * an upgrade does, and throws all of that away. What serves is frozen for the last pass of the copy
 * and serves on. Blocks; on the run's thread.
 */
public final class Rehearsal {
  /** After the first pass a second one copies what has changed meanwhile. */
  private static final int LIVE_PASSES = 2;

  /** No client waits for what is measured once a version was found healthy. */
  private static final Duration MEASURE = Duration.ofMinutes(2);

  private static final int MOST_TABLES = 5;

  /**
   * A version that is ready to be tried out.
   *
   * @param generation its capsule, on the copy
   * @param dataAt the moment that the copy is of
   * @param stallMillis how long what serves was frozen for it
   * @param lastPassMillis the part of that in which data was copied
   */
  public record Prepared(
      Generation generation, Instant dataAt, long stallMillis, long lastPassMillis) {}

  /** A version that was not good in a rehearsal that differs from the upgrade. */
  public static final class InconclusiveException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InconclusiveException(String message, RuntimeException cause) {
      super(message, cause);
    }
  }

  private final UpgradeContext context;
  private final RehearsalLimits limits;

  Rehearsal(UpgradeContext context) {
    this.context = context;
    this.limits = new RehearsalLimits(context);
  }

  /** A rehearsal that an upgrade need not repeat: of this content, on the data of what serves. */
  public Optional<RehearsalRecord> valid(Generation blue, String version, String content) {
    return recent(blue, version).filter(known -> known.content().equals(content));
  }

  /** The same, where the content of the version is not known yet. */
  public Optional<RehearsalRecord> recent(Generation blue, String version) {
    Instant now = context.clock().instant();
    Duration valid = context.limits().rehearse().valid();
    return context
        .journal()
        .rehearsal(version)
        .filter(RehearsalRecord::good)
        .filter(known -> context.invariants().wereCompared(known.run()))
        .filter(known -> context.reversals().wasTried(known.run()))
        .filter(known -> known.from() == blue.number())
        .filter(known -> now.isBefore(known.dataAt().plus(valid)))
        // Where the upgrade would not end in time, it may in another hour.
        .filter(known -> known.predictedHoldMillis() <= context.limits().hold().toMillis());
  }

  /** How each volume of a rehearsal gets its data. Measures; takes as long as that does. */
  public List<VolumeTransfer> plan(Generation blue, String run) {
    return context
        .planner()
        .planRehearsal(blue, context.names().helperLabels(run, ResourceNames.LOOK));
  }

  /**
   * Makes the copy and the capsule on it. A failure says nothing of the version.
   *
   * @throws RefusedException when there is no space for the copy, or the like
   */
  public Prepared prepare(UpgradeRun run, CapsuleImage image, Consumer<String> progress) {
    limits.requireMemory(run.blue());
    List<VolumeTransfer> transfers = plan(run.blue(), run.id());
    String stack = context.settings().stack().name();
    String _ = context.planner().reserveSpace(transfers);
    try {
      return prepare(run, image, transfers, progress);
    } finally {
      context.runLimits().release(stack);
    }
  }

  private Prepared prepare(
      UpgradeRun run,
      CapsuleImage image,
      List<VolumeTransfer> transfers,
      Consumer<String> progress) {
    Generation blue = run.blue();
    int number = context.journal().nextGeneration();
    Generation next =
        new Generation(
            number,
            image.version(),
            image.content(),
            context.engine().image(image.reference()).map(ImageInfo::id).orElse(image.reference()),
            context.names().container(number),
            transfers.stream()
                .map(each -> each.target(context.names().volume(number, each.name())))
                .toList(),
            context.names().store(number),
            image.ports(),
            context.clock().instant());
    context.journal().addRehearsal(next);
    List<String> changed = changedSeries(blue.image(), image.reference());
    // Its data will look like that of a crash, which a server of another series does not take.
    Generation first = changed.isEmpty() ? next : inPlaceOf(next, blue);
    context.isolated().createVolumes(next, run.id());
    if (changed.isEmpty()) {
      importInto(run, next, progress);
    }
    String _ =
        context.isolated().createCapsule(first, run.id(), aside(run, next), limits.leftOut());
    Prepared copied = copy(run, next, progress);
    if (!changed.isEmpty()) {
      recover(first, changed, progress);
      importInto(run, next, progress);
      context.isolated().replace(next, run.id(), aside(run, next), limits.leftOut());
    }
    return copied;
  }

  private void importInto(UpgradeRun run, Generation next, Consumer<String> progress) {
    context.imports().copy(run, next, progress).forEach(progress);
  }

  private Set<String> aside(UpgradeRun run, Generation next) {
    return context.imports().targets(run, next);
  }

  /** The version that serves, in the place and on the copy of another one. */
  static Generation inPlaceOf(Generation next, Generation blue) {
    return new Generation(
        next.number(),
        blue.version(),
        blue.content(),
        blue.image(),
        next.container(),
        next.volumes(),
        next.storeVolume(),
        blue.ports(),
        next.created());
  }

  /** The databases whose release series changes, as {@code db: mariadb 10.11 becomes 11.8}. */
  private List<String> changedSeries(String oldImage, String newImage) {
    Map<String, String> before = context.builder().databases(oldImage);
    Map<String, String> after = context.builder().databases(newImage);
    return before.entrySet().stream()
        .filter(old -> !after.getOrDefault(old.getKey(), old.getValue()).equals(old.getValue()))
        .map(old ->
            "%s: %s becomes %s".formatted(old.getKey(), old.getValue(), after.get(old.getKey())))
        .sorted()
        .toList();
  }

  /** Lets the databases of the old version recover as after a power cut, and stop in order. */
  private void recover(Generation old, List<String> changed, Consumer<String> progress) {
    progress.accept(
        "%s recovers the copy first, as a database's series changes (%s)"
            .formatted(old.version(), String.join(", ", changed)));
    Duration limit = context.limits().verify().deadline();
    context.isolated().start(old, limit, progress);
    HealthGate.Healthy _ =
        context.awaitHealthyWithout(limits.leftOut(), old, context.limits().verify(), progress);
    context.capsule(old).stop(UpgradeContext.STOP_TIMEOUT);
  }

  private Prepared copy(UpgradeRun run, Generation next, Consumer<String> progress) {
    String stack = context.settings().stack().name();
    Map<DataVolume, Copying> copies = new LinkedHashMap<>();
    try (RunLimits.Permit _ = context.runLimits().await(RunLimits.Work.COPY, stack, progress)) {
      Deadline deadline = Deadline.in(context.limits().preSync());
      for (DataVolume target : DataTransfer.copiedVolumes(next)) {
        copies.put(target, context.copier().begin(job(run, target)));
      }
      for (int pass = 1; pass <= LIVE_PASSES; pass++) {
        for (Map.Entry<DataVolume, Copying> copy : copies.entrySet()) {
          DataVolume target = copy.getKey();
          CopyReport report =
              copy.getValue()
                  .live(
                      deadline.remaining(),
                      line -> progress.accept(DataTransfer.prefixed(target, line)));
          context.transfer().recordPass(run, "rehearsal " + pass, target, report);
        }
      }
      copies.values().forEach(copying -> copying.compare(false, deadline.remaining()));
      return copyFrozen(run, next, copies, progress);
    } finally {
      copies.values().forEach(Copying::close);
    }
  }

  private CopyJob job(UpgradeRun run, DataVolume target) {
    return new CopyJob(
        DataPlanner.findVolume(run.blue(), target.name())
            .orElseThrow(() -> new IllegalStateException("nothing to copy to " + target.volume())),
        target,
        context.names().helperLabels(run.id(), ResourceNames.COPY),
        context.limits().preSync().plus(context.limits().hold()),
        // It is thrown away.
        false);
  }

  /**
   * Copies the rest while what serves is frozen: it can't be frozen for longer than clients may be
   * held. Nobody may find it frozen and start it meanwhile.
   */
  private Prepared copyFrozen(
      UpgradeRun run, Generation next, Map<DataVolume, Copying> copies, Consumer<String> progress) {
    Generation blue = run.blue();
    if (!context.servingLock().acquire()) {
      throw new RefusedException(
          blue.version() + " is being started again: try again when it serves");
    }
    try {
      Deadline limit = Deadline.in(context.limits().hold());
      Instant dataAt;
      long begun;
      Duration copied = Duration.ZERO;
      try {
        context.invariants().askBefore(run);
        context.hooks().runBefore(run, context.capsule(blue));
        begun = System.nanoTime();
        context.engine().pauseContainer(blue.container());
        dataAt = context.clock().instant();
        for (Map.Entry<DataVolume, Copying> copy : copies.entrySet()) {
          DataVolume target = copy.getKey();
          CopyReport report =
              copy.getValue()
                  .finish(
                      false,
                      limit.remaining(),
                      line -> progress.accept(DataTransfer.prefixed(target, line)));
          context.transfer().recordPass(run, "rehearsal frozen", target, report);
          copied = copied.plus(report.took());
        }
        context.engine().unpauseContainer(blue.container());
      } catch (RuntimeException e) {
        resumeUninterrupted(run);
        throw e;
      }
      long stall = Duration.ofNanos(System.nanoTime() - begun).toMillis();
      context.hooks().runAfter(run.id(), context.capsule(blue));
      context.invariants().askAfterCopy(run);
      return new Prepared(next, dataAt.truncatedTo(ChronoUnit.MILLIS), stall, copied.toMillis());
    } finally {
      context.servingLock().release();
    }
  }

  /** Lets what serves go on, even where this run is being ended, as clients wait for it. */
  private void resumeUninterrupted(UpgradeRun run) {
    boolean interrupted = Thread.interrupted();
    try {
      resume(run);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Thaws what serves, if it is frozen. */
  private void thaw(UpgradeRun run) {
    Generation blue = run.blue();
    if (context.engine().container(blue.container()).filter(ContainerInfo::paused).isPresent()) {
      resume(run);
    }
  }

  private void resume(UpgradeRun run) {
    Generation blue = run.blue();
    context.engine().unpauseContainer(blue.container());
    context.hooks().runAfter(run.id(), context.capsule(blue));
  }

  /**
   * Starts the services and checks them as an upgrade does, in no more time than clients may be
   * held, and writes down what was found.
   *
   * @param files makes the release's files in the data those of the version
   * @param differences of the rehearsal from the upgrade, which is to go on all the same where a
   *     failure may be due to them: nothing is written down then; empty: each failure counts
   * @throws HealthException when the version is not good
   * @throws InconclusiveException when it may be good all the same
   */
  public RehearsalRecord check(
      UpgradeRun run,
      Prepared prepared,
      Consumer<Generation> files,
      List<String> differences,
      Consumer<String> progress) {
    Generation next = prepared.generation();
    Capsule capsule = context.capsule(next);
    context.isolated().take(next);
    long begun = System.nanoTime();
    Deadline end = Deadline.in(context.limits().hold());
    VerifySettings verify = context.limits().verify();
    List<String> excuses = differences;
    try {
      files.accept(next);
      Instant started = context.clock().instant();
      context.startServices(next, end.atMost(verify.deadline()), progress);
      context.hooks().runAfter(run, capsule);
      Duration starting = Duration.ofNanos(System.nanoTime() - begun);
      HealthGate.Healthy healthy =
          context.awaitHealthyWithout(
              limits.leftOut(),
              next,
              new VerifySettings(verify.passes(), verify.interval(), end.atMost(verify.deadline())),
              progress);
      // What the host gives a rehearsal loses no rows of a version that is healthy.
      excuses = List.of();
      String _ = context.invariants().compare(run, next, "rehearse", end.remaining(), progress);
      excuses = differences;
      Map<String, Long> services = new TreeMap<>();
      healthy
          .after()
          .forEach((service, after) -> services.put(service, starting.plus(after).toMillis()));
      long millis = Math.max(1, Duration.ofNanos(System.nanoTime() - begun).toMillis());
      long memory = peakMemory(capsule);
      long disk = usedDisk(run, next);
      List<String> tables = writtenTables(capsule, started);
      context.reversals().askAfter(run, next);
      long stopping = System.nanoTime();
      capsule.stop(UpgradeContext.STOP_TIMEOUT);
      long stopMillis = Duration.ofNanos(System.nanoTime() - stopping).toMillis();
      return record(
          run,
          prepared,
          new Found(
              "", millis, services, stopMillis, memory, disk, changed(run, next, started, tables)));
    } catch (HealthException e) {
      throw failure(run, prepared, e, excuses);
    } catch (CapsuleException e) {
      throw e.isOutage() ? e : failure(run, prepared, e, excuses);
    }
  }

  /** 0 where the kernel does not tell. */
  private long peakMemory(Capsule capsule) {
    try {
      return capsule.memory(context.briefTimeout()).peak();
    } catch (CapsuleException e) {
      return 0;
    }
  }

  /**
   * What the volumes of a version take on the disk for themselves; 0 where it can't be measured.
   */
  private long usedDisk(UpgradeRun run, Generation next) {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(next.storeVolume(), false));
    next.volumes().stream()
        .filter(volume -> volume.method() != Method.ATTACH)
        .forEach(volume -> layers.add(new Layer(volume.volume(), false)));
    try {
      return context.copier().occupied(layers, labels(run), MEASURE).stream()
          .mapToLong(Occupied::own)
          .sum();
    } catch (DataException e) {
      requireGoingOn(run, e);
      return 0;
    }
  }

  /** The tables that a version's databases have been told to write to since their start. */
  private List<String> writtenTables(Capsule capsule, Instant started) {
    try {
      return capsule.tables(context.briefTimeout()).stream()
          .filter(table -> table.writes() > 0 || table.updated() >= started.getEpochSecond())
          .map(table -> table.service() + " " + table.table())
          .sorted()
          .toList();
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      return List.of(); // As with databases that count no writes.
    }
  }

  /** What a version that has stopped has changed since its start. */
  private Changed changed(UpgradeRun run, Generation next, Instant started, List<String> tables) {
    long files = 0;
    long bytes = 0;
    for (DataVolume volume : DataTransfer.copiedVolumes(next)) {
      Optional<DataVolume> before = DataPlanner.findVolume(run.blue(), volume.name());
      if (before.isEmpty()) {
        continue;
      }
      try {
        VolumeChanges written =
            context.copier().changes(before.get(), volume, started, labels(run), MEASURE);
        files += written.files();
        bytes += written.bytes();
      } catch (DataException e) {
        requireGoingOn(run, e);
      }
    }
    return new Changed(files, bytes, tables);
  }

  private Map<String, String> labels(UpgradeRun run) {
    return context.names().helperLabels(run.id(), ResourceNames.LOOK);
  }

  /** A figure that can't be had does not end a rehearsal, unless its run is being ended. */
  private void requireGoingOn(UpgradeRun run, DataException failure) {
    if (isEnding(run)) {
      throw failure;
    }
  }

  /**
   * Writes down why the version is not good, unless the run is being ended, or the disk is full.
   */
  private RuntimeException failure(
      UpgradeRun run, Prepared prepared, RuntimeException failure, List<String> differences) {
    if (isEnding(run)) {
      return failure;
    }
    String full = FullDisk.describe(context, run.id(), "free some, and try again");
    if (!full.isEmpty()) {
      return new DataException(full + FailureText.of(failure), failure);
    }
    String why = FailureText.of(failure);
    if (!differences.isEmpty()) {
      return new InconclusiveException(why, failure);
    }
    RehearsalRecord _ =
        record(run, prepared, new Found(why, 0, Map.of(), 0, 0, 0, Changed.NOTHING));
    return new HealthException(why + "; found in a rehearsal, no client has waited");
  }

  /** What a check has found, as a {@link RehearsalRecord} has it. */
  private record Found(
      String reason,
      long healthyMillis,
      Map<String, Long> services,
      long stopMillis,
      long memory,
      long disk,
      Changed changed) {}

  private RehearsalRecord record(UpgradeRun run, Prepared prepared, Found found) {
    Generation next = prepared.generation();
    RehearsalRecord rehearsal =
        new RehearsalRecord(
            next.version(),
            next.content(),
            run.id(),
            run.blue().number(),
            prepared.dataAt(),
            found.reason().isEmpty(),
            prepared.stallMillis(),
            found.healthyMillis(),
            found.services(),
            found.reason(),
            found.stopMillis(),
            prepared.lastPassMillis(),
            found.memory(),
            found.disk(),
            found.changed());
    context.journal().recordRehearsal(rehearsal);
    return rehearsal;
  }

  /** Whether the run is aborted; throws where the service stops. */
  public boolean isEnding(UpgradeRun run) {
    run.control.requireNotCutOff();
    return run.control.isAborted();
  }

  /** What it can't show, and what it may not take. */
  public RehearsalLimits limits() {
    return limits;
  }

  /** Candidates beside the run's own, on this host. */
  private List<Generation> left(UpgradeRun run) {
    return context.journal().generations().stream()
        .filter(row -> row.state() == State.CANDIDATE)
        .map(GenerationRecord::generation)
        .filter(candidate -> !candidate.equals(run.green) && candidate.elsewhere() == null)
        .toList();
  }

  /** Removes all that a rehearsal of this stack has made, and thaws what serves. Safe to repeat. */
  public void remove(UpgradeRun run) {
    thaw(run);
    left(run).forEach(context.isolated()::remove);
    // Where an earlier try has failed between the two, the journal has the generation as removed.
    context.retention().removeUnusedVolumes();
    // Of a process that was killed, whose generation the next one has removed.
    for (String network : context.engine().networks(context.names().runLabels(run.id()))) {
      context.engine().removeNetwork(network);
    }
  }

  /** The same, and saves the logs of what a failed rehearsal has started. */
  public String undo(UpgradeRun run) {
    thaw(run);
    String logs =
        left(run).stream()
            .map(left -> context.failureLogs().save(run.id(), left))
            .collect(Collectors.joining());
    remove(run);
    return "the rehearsal is removed" + logs;
  }

  /** One line on a rehearsal that was good: {@code v2 was healthy after 4.1 s (db 3.0 s, …)}. */
  public static String describe(RehearsalRecord rehearsal) {
    String services =
        rehearsal.services().entrySet().stream()
            .sorted(Map.Entry.comparingByValue())
            .map(each -> each.getKey() + " " + HumanText.time(each.getValue()))
            .collect(Collectors.joining(", "));
    return "%s was healthy after %s%s on the data of %s, for whose copy what serves was frozen for %s%s"
        .formatted(
            rehearsal.version(),
            HumanText.time(rehearsal.healthyMillis()),
            services.isEmpty() ? "" : " (" + services + ")",
            HumanText.when(rehearsal.dataAt()),
            HumanText.time(rehearsal.stallMillis()),
            describeCosts(rehearsal));
  }

  private static String describeCosts(RehearsalRecord rehearsal) {
    List<String> taken = new ArrayList<>();
    if (rehearsal.memory() > 0) {
      taken.add("%s of memory at most".formatted(HumanText.bytes(rehearsal.memory())));
    }
    if (rehearsal.disk() > 0) {
      taken.add("%s of disk".formatted(HumanText.bytes(rehearsal.disk())));
    }
    Changed changed = rehearsal.changed();
    List<String> parts = new ArrayList<>();
    if (!taken.isEmpty()) {
      parts.add("; its capsule took " + String.join(" and ", taken));
    }
    if (changed.files() > 0) {
      parts.add(
          String.format(
              Locale.ROOT,
              "; its start changed %,d files of %s",
              changed.files(),
              HumanText.bytes(changed.bytes())));
    }
    if (!changed.tables().isEmpty()) {
      int more = changed.tables().size() - MOST_TABLES;
      parts.add(
          "; it wrote to the tables %s%s"
              .formatted(
                  changed.tables().stream().limit(MOST_TABLES).collect(Collectors.joining(", ")),
                  more > 0 ? " and %d more".formatted(more) : ""));
    }
    return String.join("", parts);
  }

  /**
   * How long the upgrade will hold clients, as far as a rehearsal tells; empty where it doesn't.
   */
  public String describePrediction(RehearsalRecord rehearsal) {
    long millis = rehearsal.predictedHoldMillis();
    if (millis == 0) {
      return "";
    }
    return "clients will be held for some %s after their connections have ended: %s to stop, %s to copy, %s until healthy"
        .formatted(
            HumanText.time(millis),
            HumanText.time(rehearsal.stopMillis()),
            HumanText.time(rehearsal.lastPassMillis()),
            HumanText.time(rehearsal.healthyMillis()));
  }

  /** Refuses an upgrade that would run out of its hold budget: clients would wait for nothing. */
  public void requireBudget(RehearsalRecord rehearsal) {
    Duration budget = context.limits().hold();
    if (rehearsal.predictedHoldMillis() > budget.toMillis()) {
      throw new RefusedException(
          "%s, and upgrade.hold-budget is %s: raise it, or try again when the host has less to do"
              .formatted(describePrediction(rehearsal), HumanText.time(budget.toMillis())));
    }
  }

  /** How far the prediction of a run's hold was from the hold; empty where there was none. */
  public String describeError(UpgradeRun run, Duration held) {
    long predicted =
        context
            .journal()
            .rehearsal(run.record.toVersion())
            .filter(known -> known.from() == run.blue().number())
            .map(RehearsalRecord::predictedHoldMillis)
            .orElse(0L);
    return predicted == 0
        ? ""
        : "clients were held for %s; the rehearsal had predicted %s"
            .formatted(HumanText.time(held.toMillis()), HumanText.time(predicted));
  }
}
