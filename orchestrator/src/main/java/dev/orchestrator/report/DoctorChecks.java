package dev.orchestrator.report;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.report.DoctorReport.Check;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.traffic.Traffic.RouteState;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.FilePlan;
import dev.orchestrator.upgrade.LostHost;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks everything that an upgrade and a rollback depend on. Reads only; blocks for as long as the
 * measuring of the volumes takes. One instance is for one report.
 */
public final class DoctorChecks {
  private static final String NO_RUN = "doctor";
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(10);
  private static final Duration CAPSULE_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration FILES_TIMEOUT = Duration.ofMinutes(2);

  private final UpgradeContext context;
  private final List<Check> checks = new ArrayList<>();

  /** Whether the host that the serving capsule was moved to does not answer. */
  private boolean isServingAway;

  private final Supplier<BackupReport.@Nullable Health> backups;

  public DoctorChecks(UpgradeContext context, Supplier<BackupReport.@Nullable Health> backups) {
    this.context = context;
    this.backups = backups;
  }

  /** Runs the checks; a check that can't be made is reported as bad. */
  public DoctorReport run() {
    List<DoctorReport.Outside> outside = new ArrayList<>();
    List<ChangedFile> files = new ArrayList<>();
    Optional<Generation> serving = context.journal().serving();
    runCheck("engine", this::checkEngine);
    runCheck("left over", this::checkLeftovers);
    if (!context.journal().presentElsewhere().isEmpty()) {
      runCheck("other hosts", this::checkOtherHosts);
    }
    if (context.settings().stack().backup().configured()) {
      runCheck("backups", this::checkBackups);
    }
    // Each check of a capsule whose host is away would wait for it.
    if (serving.isPresent() && !context.journal().down() && !isServingAway) {
      Generation now = serving.get();
      runCheck("serving", () -> checkServing(now));
      runCheck("probes", () -> checkProbes(now));
      List<RouteState> routes = context.traffic().routes();
      if (RoutePaths.areAsked(routes)) {
        checks.add(RoutePaths.check(routes));
      }
      now.volumes()
          .forEach(volume -> runCheck("space for " + volume.name(), () -> checkSpace(volume)));
      runCheck("clones", () -> checkClones(now));
      runCheck("way back", this::checkPreviousVersion);
      runCheck("release files", () -> checkFiles(now, files));
      runCheck("secrets", () -> checkSecrets(now));
      runCheck("outside volumes", () -> checkOutsideState(now, outside));
    }
    return new DoctorReport(context.settings().stack().name(), List.copyOf(checks), outside, files);
  }

  private void runCheck(String name, Supplier<Check> task) {
    try {
      checks.add(task.get());
    } catch (EngineException | CapsuleException | DataException e) {
      checks.add(new Check(name, DoctorReport.State.BAD, FailureText.of(e), ""));
    }
  }

  /** Asks each engine that has something of the stack. */
  private Check checkOtherHosts() {
    List<String> found = new ArrayList<>();
    String advice = "";
    DoctorReport.State worst = DoctorReport.State.GOOD;
    Optional<Integer> serving = context.journal().serving().map(Generation::number);
    Set<String> away = new HashSet<>();
    for (Generation each : context.journal().presentElsewhere()) {
      RemoteEngine where = Objects.requireNonNull(each.elsewhere());
      boolean serves = serving.filter(number -> number == each.number()).isPresent();
      String what = each.container() + (serves ? " serves on " : " is kept on ") + where.address();
      try {
        if (away.contains(where.id())) {
          found.add(what + ", which does not answer");
          continue;
        }
        String state =
            context.engine().container(each.container()).map(ContainerInfo::state).orElse("gone");
        found.add("%s (%s)".formatted(what, state));
      } catch (EngineException e) {
        away.add(where.id());
        found.add(what + ", which does not answer: " + FailureText.of(e));
      }
      if (away.contains(where.id()) && worst != DoctorReport.State.BAD) {
        worst = serves ? DoctorReport.State.BAD : DoctorReport.State.WARNING;
        isServingAway |= serves;
        advice =
            serves
                ? LostHost.advice(where)
                : "what a move has left there is removed when that host answers";
      }
    }
    return new Check("other hosts", worst, String.join("; ", found), advice);
  }

  private static Check good(String name, String text) {
    return new Check(name, DoctorReport.State.GOOD, text, "");
  }

  private Check checkEngine() {
    EngineInfo info = context.engine().info();
    return good("engine", "Docker " + info.version() + " at " + info.address());
  }

  /** Tells how the backups stand, without asking their repository. */
  private Check checkBackups() {
    BackupReport.Health found = backups.get();
    if (found == null) {
      return good("backups", "none are configured");
    }
    if (found.bad()) {
      String advice =
          found.state().equals("unproven")
              ? "see 'orchestrator backup check', then 'orchestrator backup prove'"
              : "see to the reason, then 'orchestrator backup run'";
      return new Check("backups", DoctorReport.State.BAD, found.text(), advice);
    }
    return found.state().equals("missing")
        ? new Check(
            "backups", DoctorReport.State.WARNING, found.text(), "'orchestrator backup run'")
        : good("backups", found.text());
  }

  private Check checkServing(Generation now) {
    List<String> problems = context.checkHealth(now);
    return problems.isEmpty()
        ? good("serving", now.version() + " is healthy")
        : new Check(
            "serving",
            DoctorReport.State.BAD,
            now.version() + ": " + String.join("; ", problems),
            "see 'orchestrator logs'");
  }

  private Check checkProbes(Generation now) {
    List<String> notAsked = context.probesNotAsked(now);
    return notAsked.isEmpty()
        ? good("probes", "all probes of the stack apply to " + now.version())
        : new Check(
            "probes",
            DoctorReport.State.WARNING,
            String.join("; ", notAsked),
            "no problem if the probes are for another version; otherwise build the version again");
  }

  private Check checkSpace(DataVolume volume) {
    VolumeUsage usage =
        context
            .copier()
            .measure(
                volume, context.names().helperLabels(NO_RUN, ResourceNames.LOOK), MEASURE_TIMEOUT);
    long reserve = context.settings().stack().data().reserve();
    String text =
        String.format(
            Locale.ROOT,
            "%s in %,d files, %s free on %s",
            HumanText.bytes(usage.used()),
            usage.files(),
            HumanText.bytes(usage.free()),
            usage.fileSystem());
    String name = "space for " + volume.name();
    if (usage.free() < reserve) {
      return new Check(
          name,
          DoctorReport.State.BAD,
          text,
          "free some: " + HumanText.bytes(reserve) + " must stay free");
    }
    return usage.used() + reserve > usage.free()
        ? new Check(
            name, DoctorReport.State.WARNING, text, "a copy of it would not fit: let it be cloned")
        : good(name, text);
  }

  private Check checkClones(Generation now) {
    CloneSupport found = context.capsule(now).clones(CAPSULE_TIMEOUT);
    if (!found.overlay()) {
      return new Check(
          "clones",
          DoctorReport.State.WARNING,
          "can't be mounted: " + found.why(),
          "data is copied");
    }
    return found.links()
        ? good("clones", "can be mounted")
        : new Check(
            "clones",
            DoctorReport.State.WARNING,
            "can be mounted; a write to a clone breaks hard links",
            "volumes with hard links are copied");
  }

  private Check checkPreviousVersion() {
    Optional<Generation> previous = context.journal().previous();
    if (previous.isEmpty()) {
      return new Check("way back", DoctorReport.State.WARNING, "no earlier version is kept", "");
    }
    Generation kept = previous.get();
    List<String> missing = new ArrayList<>();
    kept.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> context.engine().volume(volume).isEmpty())
        .forEach(missing::add);
    return missing.isEmpty()
        ? good("way back", kept.version() + ", generation " + kept.number() + ", with its data")
        : new Check(
            "way back",
            DoctorReport.State.BAD,
            "volumes of " + kept.version() + " are gone: " + String.join(", ", missing),
            "put a copy of the volumes back, or do without a rollback");
  }

  /** Looks for containers and volumes with this stack's labels that the journal does not know. */
  private Check checkLeftovers() {
    Set<String> known = new HashSet<>();
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        known.add(row.generation().container());
        known.add(row.generation().storeVolume());
        row.generation().volumes().forEach(volume -> known.addAll(volume.needs()));
      }
    }
    List<String> unknown = new ArrayList<>();
    if (context.journal().running().isEmpty()) {
      for (ContainerInfo container : context.engine().containers(context.names().stackLabels())) {
        if (!ResourceNames.BACKUP.equals(container.labels().getOrDefault(Labels.ROLE, ""))) {
          unknown.add("container " + container.name());
        }
      }
      for (VolumeInfo volume : context.engine().volumes(context.names().stackLabels())) {
        if ("data".equals(volume.labels().get(Labels.ROLE))) {
          unknown.add("volume " + volume.name());
        }
      }
    }
    unknown.removeIf(resource -> known.contains(resource.substring(resource.indexOf(' ') + 1)));
    List<String> images =
        context.journal().running().isPresent()
            ? List.of()
            : context.builder().unneeded(context.retention().presentVersions());
    String alsoImages =
        images.isEmpty()
            ? ""
            : images.size() == 1
                ? "1 image that no version needs, which the end of the next upgrade removes"
                : images.size()
                    + " images that no version needs, which the end of the next upgrade removes";
    if (unknown.isEmpty()) {
      return good("left over", alsoImages.isEmpty() ? "nothing" : alsoImages);
    }
    if (!alsoImages.isEmpty()) {
      unknown.add(alsoImages);
    }
    return new Check(
        "left over",
        DoctorReport.State.WARNING,
        String.join(", ", unknown),
        "the journal doesn't know them: inspect them, then 'docker rm' and 'docker volume rm'");
  }

  /** Looks at the files of the release that services write to. */
  private Check checkFiles(Generation now, List<ChangedFile> found) {
    found.addAll(context.capsule(now).changedFiles(FILES_TIMEOUT));
    List<String> kept = found.stream().filter(ChangedFile::kept).map(ChangedFile::path).toList();
    if (!kept.isEmpty()) {
      return new Check(
          "release files",
          DoctorReport.State.WARNING,
          "changed here, and kept at an upgrade to a release that has changed them too: "
              + FilePlan.names(kept),
          "bring what the release has changed into them: see below");
    }
    return good(
        "release files",
        found.isEmpty()
            ? "those that services write to are " + now.version() + "'s"
            : "changed here since they were seeded: "
                + FilePlan.names(found.stream().map(ChangedFile::path).toList()));
  }

  /** Looks for what an export would take along unencrypted. */
  private Check checkSecrets(Generation now) {
    StackSettings stack = context.settings().stack();
    List<String> found = SecretProposals.of(stack, now.version());
    return found.isEmpty()
        ? good(
            "secrets",
            stack.compose().secrets().isEmpty()
                ? "nothing in the release looks like one"
                : "declared: " + String.join(", ", stack.compose().secrets()))
        : new Check(
            "secrets",
            DoctorReport.State.WARNING,
            "not declared: " + String.join(", ", found),
            SecretProposals.advice(stack, found));
  }

  private Check checkOutsideState(Generation now, List<DoctorReport.Outside> found) {
    found.addAll(new OutsideState(context).find(now));
    return found.isEmpty()
        ? good("outside volumes", "no files that matter")
        : new Check(
            "outside volumes",
            DoctorReport.State.WARNING,
            found.size() + " places whose files are lost with the next upgrade: see below",
            "mount a volume there, or name what is no loss in data.ignore");
  }
}
