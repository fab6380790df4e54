package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.stack.ServingSupervisor;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What each step does. Every action may be run again: it finds what is there already by its name.
 */
final class Actions {
  /** After it the gate opens by itself to the side that served: the saga's budgets are shorter. */
  private static final Duration GATE_SLACK = Duration.ofMinutes(5);

  private final UpgradeContext parts;
  private final ResourceNames names;
  private final Notes notes;
  private final ServingSupervisor keeper;
  private final UpgradeSettings limits;
  private final DataPlanner planner;
  private final DataSteps data;
  private final Quiescer quiescing;

  Actions(UpgradeContext parts, ResourceNames names, Notes notes, ServingSupervisor keeper) {
    this.parts = parts;
    this.names = names;
    this.notes = notes;
    this.keeper = keeper;
    this.planner = new DataPlanner(parts);
    this.data = new DataSteps(parts, names, notes);
    this.quiescing = new Quiescer(parts, notes);
    this.limits = parts.settings().stack().upgrade();
  }

  /** Runs a step; returns one line on what was done, with figures. */
  String run(Step step, UpgradeRun run, Consumer<String> progress) {
    return switch (step) {
      case PREFLIGHT -> preflight(run);
      case BUILD -> build(run, progress);
      case PREPARE -> prepare(run);
      case WAKE -> wake(run);
      case PRE_SYNC -> data.preSync(run, progress);
      case HOLD -> hold(run);
      case QUIESCE -> quiescing.quiesce(run);
      case SYNC -> data.sync(run, progress);
      case START -> start(run);
      case VERIFY -> verify(run, progress);
      case SWITCH -> lead(run);
      case BAKE -> bake(run, progress);
      case RETAIN -> new Retention(parts, names).run(run);
    };
  }

  private String preflight(UpgradeRun run) {
    EngineInfo engine = parts.engine().info();
    Generation blue = run.blue;
    String found = "engine " + engine.version() + " at " + engine.address();
    if (run.steps.contains(Step.BUILD)) {
      parts.builder().check(run.record.toVersion());
    }
    if (!run.holds()) {
      parts.traffic().open(GATE_SLACK);
    } else if (blue != null && run.record.kind() == Kind.UPGRADE) {
      found += "; " + healthy(blue);
    }
    if (run.old != null) {
      FreezeGuard.check(
          parts.settings().stack().data(),
          parts.builder().databases(run.blue().image()),
          parts.builder().databases(run.old.image()));
    }
    if (run.steps.contains(Step.PRE_SYNC)) {
      found += "; " + planner.space(moves(run));
    }
    return found;
  }

  /** Found out once a run; a restart may have come in between. */
  private List<VolumeTransfer> moves(UpgradeRun run) {
    List<VolumeTransfer> known = run.moves;
    if (known != null) {
      return known;
    }
    Map<String, String> labels = names.helper(run.id(), ResourceNames.LOOK);
    DataOptions options = DataOptions.of(parts, run.id());
    List<VolumeTransfer> moves =
        run.blue == null
            ? planner.begin()
            : run.old == null
                ? planner.upgrade(run.blue(), options, labels)
                : planner.carry(run.blue(), run.old, options, labels);
    run.moves = moves;
    return moves;
  }

  private String healthy(Generation blue) {
    List<String> wrong =
        parts.health().check(parts.capsule(blue), parts.settings().stack().probes(), blue.ports());
    if (!wrong.isEmpty()) {
      throw new RefusedException(
          "what serves now is not healthy ("
              + String.join("; ", wrong)
              + "): see 'orchestrator logs', mend it, then upgrade");
    }
    return blue.version() + " healthy";
  }

  private String build(UpgradeRun run, Consumer<String> progress) {
    long start = System.nanoTime();
    CapsuleImage image = parts.builder().build(run.record.toVersion(), progress);
    run.image = image;
    if (run.blue != null) {
      FreezeGuard.check(
          parts.settings().stack().data(),
          parts.builder().databases(run.blue.image()),
          parts.builder().databases(image.reference()));
    }
    long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
    notes.image(
        run.id(), new Receipt.Image(image.reference(), image.bytes(), image.cached(), millis));
    return image.reference()
        + ", "
        + HumanText.bytes(image.bytes())
        + (image.cached() ? ", unchanged: taken as it is" : "");
  }

  private String prepare(UpgradeRun run) {
    Generation green = candidate(run);
    data.create(green, run.id());
    keeper.revival().wake(green, run.id());
    parts.capsule(green).create(limits.ready());
    return green.container() + ", inner engine ready, services created";
  }

  /** The one that this run has already, after a restart; else a new one. */
  private Generation candidate(UpgradeRun run) {
    CapsuleImage image = image(run);
    Generation begun = run.green;
    if (begun != null) {
      if (begun.content().equals(image.content())) {
        return begun;
      }
      // Its author has changed the version while the service was away.
      new Retention(parts, names).remove(begun);
    }
    int number = parts.journal().nextGeneration();
    Generation green =
        new Generation(
            number,
            image.version(),
            image.content(),
            parts.engine().image(image.reference()).map(ImageInfo::id).orElse(image.reference()),
            names.container(number),
            data.volumes(number, moves(run)),
            names.volume(number, "store"),
            image.ports(),
            parts.clock().instant());
    parts.journal().addCandidate(run.id(), green);
    run.green = green;
    return green;
  }

  /** What was built, or an old version's again. */
  private static CapsuleImage image(UpgradeRun run) {
    Generation old = run.old;
    CapsuleImage image =
        old == null
            ? run.image
            : new CapsuleImage(old.version(), old.image(), old.content(), old.ports(), 0, true);
    if (image == null) {
      throw new IllegalStateException("prepare before build");
    }
    return image;
  }

  private String wake(UpgradeRun run) {
    Generation green = run.green();
    VolumeRebaser rebase = new VolumeRebaser(parts, names);
    boolean frozen = run.holds() && rebase.needed(run.id(), green);
    if (frozen) {
      green = rebase.onto(run.id(), green, rebase.original(run.id(), green).volumes(), "");
      run.green = green;
    }
    keeper.revival().wake(green, run.id());
    if (frozen) {
      parts.capsule(green).mount(limits.ready());
    }
    return "%s (%s) with its %s, inner engine ready"
        .formatted(
            green.container(),
            green.version(),
            frozen
                ? "data as of the switch, in a clone: the newer version's is over it"
                : "own data");
  }

  private String hold(UpgradeRun run) {
    if (!keeper.hand()) {
      throw new CapsuleException(run.blue().version() + " is being started again: not now");
    }
    run.hold = Deadline.in(limits.hold());
    parts.traffic().hold(limits.hold().plus(GATE_SLACK));
    if (quiescing.keepsConnections()) {
      return "new connections wait; those that are open stay so until the switch";
    }
    run.drained = parts.traffic().drain(run.budget(limits.drain()));
    return String.format(
        Locale.ROOT,
        "new connections wait; of those that were open %,d ended by themselves, %,d were closed",
        run.drained.alone(),
        run.drained.cut());
  }

  private String start(UpgradeRun run) {
    Capsule capsule = parts.capsule(run.green());
    capsule.lease(run.green().number(), run.budget(limits.ready()));
    capsule.start(run.budget(limits.verify().deadline()));
    if (run.steps.contains(Step.QUIESCE)) {
      quiescing.after(run.id(), capsule);
    }
    parts.traffic().preview(Sides.of(parts, run.green()));
    return run.green().version() + "'s services started";
  }

  private String verify(UpgradeRun run, Consumer<String> progress) {
    VerifySettings verify = limits.verify();
    Capsule green = parts.capsule(run.green());
    String healthy = healthy(run, green, run.budget(verify.deadline()), progress);
    run.restarts =
        green.services(run.budget(verify.deadline())).stream()
            .collect(Collectors.toMap(InnerService::service, InnerService::restarts, Math::max));
    return healthy;
  }

  /** Gives up when there is no time for another try: a moment before the hold's end. */
  private String healthy(UpgradeRun run, Capsule green, Duration given, Consumer<String> progress) {
    VerifySettings verify = limits.verify();
    try {
      return parts
          .health()
          .await(
              green,
              parts.settings().stack().probes(),
              run.green().ports(),
              new VerifySettings(verify.passes(), verify.interval(), given),
              progress);
    } catch (HealthException e) {
      throw e.ranOut() && given.compareTo(verify.deadline()) < 0
          ? new HoldBudgetExceededException(e)
          : e;
    }
  }

  private String bake(UpgradeRun run, Consumer<String> progress) {
    new DataChanges(parts, names).noteTables(run);
    return new Bake(parts, keeper.revival()).watch(run, progress);
  }

  private String lead(UpgradeRun run) {
    Generation green = run.green();
    // Done again, where the journal was full after it, it must not fail: clients write to green.
    if (!run.switched || !parts.traffic().leadsTo(green.container())) {
      lead(run, green);
    }
    if (run.blue != null && run.holds()) {
      notes.traffic(run.id(), run.drained);
    }
    return "every route leads to " + green.version() + " (" + green.container() + ")";
  }

  private void lead(UpgradeRun run, Generation green) {
    Traffic.Side side = Sides.of(parts, green);
    run.budget(limits.hold());
    if (run.steps.contains(Step.QUIESCE) && quiescing.keepsConnections()) {
      // Nothing that blue might still answer may reach a client.
      run.drained = parts.traffic().drain(Duration.ZERO);
    }
    // The durable line first: were the daemon killed between the two, its next start leads to
    // green.
    parts.journal().switchTo(run.id(), green.number());
    run.switched = true;
    parts.traffic().lead(side);
    run.hold = null;
  }
}
