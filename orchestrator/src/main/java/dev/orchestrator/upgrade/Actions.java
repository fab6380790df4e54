package dev.orchestrator.upgrade;

import dev.orchestrator.Deadline;
import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier.Pass;
import dev.orchestrator.data.Space;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What each step does. Every action may be run again: it finds what is there already by its name.
 */
final class Actions {
  /** After it the gate opens by itself to the side that served: the saga's budgets are shorter. */
  private static final Duration GATE_SLACK = Duration.ofMinutes(5);

  private static final Duration ASK = Duration.ofSeconds(10);

  private final Parts parts;
  private final Names names;
  private final Notes notes;
  private final Keeper keeper;
  private final UpgradeSettings limits;

  Actions(Parts parts, Names names, Notes notes, Keeper keeper) {
    this.parts = parts;
    this.names = names;
    this.notes = notes;
    this.keeper = keeper;
    this.limits = parts.settings().stack().upgrade();
  }

  /** Runs a step; returns one line on what was done, with figures. */
  String run(Step step, Run run, Consumer<String> progress) {
    return switch (step) {
      case PREFLIGHT -> preflight(run);
      case BUILD -> build(run, progress);
      case PREPARE -> prepare(run);
      case WAKE -> wake(run);
      case PRE_SYNC -> preSync(run, progress);
      case HOLD -> hold(run);
      case QUIESCE -> quiesce(run);
      case SYNC -> sync(run, progress);
      case START -> start(run);
      case VERIFY -> verify(run, progress);
      case SWITCH -> lead(run);
      case BAKE -> new Bake(parts, keeper.revival()).watch(run, progress);
      case RETAIN -> new Retention(parts, names).run(run);
    };
  }

  private String preflight(Run run) {
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
    if (run.steps.contains(Step.PRE_SYNC)) {
      found += "; " + space(run);
    }
    return found;
  }

  private String healthy(Generation blue) {
    List<String> wrong =
        parts.health().check(parts.capsule(blue), parts.settings().stack().probes(), blue.ports());
    if (!wrong.isEmpty()) {
      throw new Refusal(
          "what serves now is not healthy ("
              + String.join("; ", wrong)
              + "): see 'orchestrator logs', mend it, then upgrade");
    }
    return blue.version() + " healthy";
  }

  private String space(Run run) {
    Space space = parts.copier().space(run.blue().dataVolume(), names.helper(run.id(), "space"));
    long reserve = parts.settings().stack().data().reserve();
    if (space.used() + reserve > space.free()) {
      throw new Refusal(
          "not enough space for a copy of the data: "
              + bytes(space.used())
              + " needed and "
              + bytes(reserve)
              + " to stay free (data.reserve), "
              + bytes(space.free())
              + " free where the engine keeps its volumes: free some, or lower the reserve");
    }
    return bytes(space.used()) + " of data, " + bytes(space.free()) + " free";
  }

  private String build(Run run, Consumer<String> progress) {
    long start = System.nanoTime();
    CapsuleImage image = parts.builder().build(run.record.toVersion(), progress);
    run.image = image;
    long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
    notes.image(
        run.id(), new Receipt.Image(image.reference(), image.bytes(), image.cached(), millis));
    return image.reference()
        + ", "
        + bytes(image.bytes())
        + (image.cached() ? ", unchanged: taken as it is" : "");
  }

  private String prepare(Run run) {
    CapsuleImage image = run.image;
    if (image == null) {
      throw new IllegalStateException("prepare before build");
    }
    Generation green = candidate(run, image);
    parts.engine().createVolume(green.dataVolume(), names.labels(green, run.id(), "data"));
    parts.engine().createVolume(green.storeVolume(), names.labels(green, run.id(), "store"));
    keeper.revival().wake(green, run.id());
    parts.capsule(green).create(limits.ready());
    return green.container() + ", inner engine ready, services created";
  }

  /** The one that this run has already, after a restart; else a new one. */
  private Generation candidate(Run run, CapsuleImage image) {
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
            image.reference(),
            names.container(number),
            names.data(number),
            names.store(number),
            image.ports(),
            parts.clock().instant());
    parts.journal().addCandidate(run.id(), green);
    run.green = green;
    return green;
  }

  private String wake(Run run) {
    Generation green = run.green();
    keeper.revival().wake(green, run.id());
    return green.container() + " (" + green.version() + ") with its own data, inner engine ready";
  }

  private String preSync(Run run, Consumer<String> progress) {
    return copy(run, "pre-sync", Pass.LIVE, limits.preSync(), progress);
  }

  private String sync(Run run, Consumer<String> progress) {
    String copied = copy(run, "sync", Pass.FINAL, run.budget(limits.hold()), progress);
    long compared =
        parts
            .copier()
            .verify(
                run.blue().dataVolume(),
                run.green().dataVolume(),
                names.helper(run.id(), "verify"),
                run.budget(limits.hold()));
    return copied + "; " + compared + " entries compared: the same";
  }

  private String copy(Run run, String name, Pass pass, Duration limit, Consumer<String> progress) {
    CopyReport report =
        parts
            .copier()
            .copy(
                run.blue().dataVolume(),
                run.green().dataVolume(),
                pass,
                names.helper(run.id(), "copy"),
                limit,
                progress);
    notes.copy(
        run.id(),
        new Receipt.CopyPass(name, report.files(), report.bytes(), report.took().toMillis()));
    return String.format(
        Locale.ROOT, "%,d files, %s copied", report.files(), bytes(report.bytes()));
  }

  private String hold(Run run) {
    if (!keeper.hand()) {
      throw new CapsuleException(run.blue().version() + " is being started again: not now");
    }
    run.hold = Deadline.in(limits.hold());
    parts.traffic().hold(limits.hold().plus(GATE_SLACK));
    run.drained = parts.traffic().drain(run.budget(limits.drain()));
    return String.format(
        Locale.ROOT,
        "new connections wait; of those that were open %,d ended by themselves, %,d were closed",
        run.drained.alone(),
        run.drained.cut());
  }

  private String quiesce(Run run) {
    parts.capsule(run.blue()).stop(run.budget(limits.hold()));
    return run.blue().version() + "'s services stopped, data flushed";
  }

  private String start(Run run) {
    Capsule capsule = parts.capsule(run.green());
    capsule.lease(run.green().number(), run.budget(limits.ready()));
    capsule.start(run.budget(limits.verify().deadline()));
    parts.traffic().preview(Sides.of(parts, run.green()));
    return run.green().version() + "'s services started";
  }

  private String verify(Run run, Consumer<String> progress) {
    VerifySettings verify = limits.verify();
    Capsule green = parts.capsule(run.green());
    String healthy =
        parts
            .health()
            .await(
                green,
                parts.settings().stack().probes(),
                run.green().ports(),
                new VerifySettings(
                    verify.passes(), verify.interval(), run.budget(verify.deadline())),
                progress);
    run.restarts =
        green.services(ASK).stream()
            .collect(Collectors.toMap(InnerService::service, InnerService::restarts, Math::max));
    return healthy;
  }

  private String lead(Run run) {
    Generation green = run.green();
    Traffic.Side side = Sides.of(parts, green);
    run.budget(limits.hold());
    // The durable line first: were the daemon killed between the two, its next start leads to
    // green.
    parts.journal().switchTo(run.id(), green.number());
    run.switched = true;
    parts.traffic().lead(side);
    run.hold = null;
    if (run.blue != null && run.holds()) {
      notes.traffic(run.id(), run.drained);
    }
    return "every route leads to " + green.version() + " (" + green.container() + ")";
  }

  static String bytes(long bytes) {
    if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }
}
