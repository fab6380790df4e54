package dev.orchestrator.stack;

import dev.orchestrator.backup.Backup;
import dev.orchestrator.backup.BackupException;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.backup.BackupHealth.Proof;
import dev.orchestrator.backup.BackupJob;
import dev.orchestrator.backup.BackupLog;
import dev.orchestrator.backup.BackupManifest;
import dev.orchestrator.backup.BackupRepository;
import dev.orchestrator.backup.BackupSource;
import dev.orchestrator.backup.BackupSource.Part;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.backup.BackupTags;
import dev.orchestrator.backup.ForgetReport;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeView;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Snapshots;
import dev.orchestrator.upgrade.UpgradeContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * Does what an operation on backups asks for, on the thread of the operation: what was found is
 * said in it, and noted where that is for {@code status} as well.
 */
final class BackupExecutor {
  /** A first backup over a slow line takes days. */
  static final Duration DEADLINE = Duration.ofDays(7);

  private final UpgradeContext context;
  private final Control control;
  private final BackupSettings settings;
  private final BackupRepository repository;
  private final BackupLog health;
  private final BackupFiles files;
  private final BackupImporter importer;
  private final InstantSource clock;

  /**
   * @param control begins the runs that make and restore snapshots
   */
  BackupExecutor(UpgradeContext context, Control control, BackupRepository repository) {
    this.context = context;
    this.control = control;
    this.settings = context.settings().stack().backup();
    this.repository = repository;
    this.health = context.backupLog();
    this.files = new BackupFiles(context.settings());
    this.importer = new BackupImporter(context, repository, files);
    this.clock = context.clock();
  }

  /** Does it; a failure is an exception whose message is for a person. */
  void execute(BackupWork operation) {
    switch (operation.request()) {
      case BackupRequest.Run run -> backUp(operation, run);
      case BackupRequest.Restore restore -> restore(operation, restore);
      case BackupRequest.Check check -> checkRepository(operation, check);
      case BackupRequest.Forget forget -> forget(operation, forget);
      case BackupRequest.Prove prove -> prove(operation, prove);
    }
  }

  private String stack() {
    return context.settings().stack().name();
  }

  private void backUp(BackupWork operation, BackupRequest.Run run) {
    BackupJob job = new BackupJob(settings, repository, health, clock);
    String named = run.snapshot();
    if (named == null) {
      job.requireRepository();
    }
    String name;
    try {
      name = named == null ? makeSnapshot(operation) : named;
    } catch (BackupException | RefusedException e) {
      if (!(e instanceof NotYetException)) {
        health.noteFailure(clock.instant(), String.valueOf(e.getMessage()));
      }
      throw e;
    }
    SnapshotRecord snapshot = context.snapshots().require(name);
    try (Snapshots.Use _ = context.snapshots().use(name)) {
      Generation generation = context.snapshots().generationOf(snapshot);
      Done done = upload(operation, job, snapshot, generation);
      operation.backup(done.id());
      if (!isUnchanged(snapshot)) {
        String text =
            "%s was given to a rollback while it was backed up, so that the backup is none of a moment; it is removed"
                .formatted(name);
        repository.remove(List.of(done.id()), DEADLINE);
        health.noteFailure(clock.instant(), text);
        throw new BackupException(Kind.INCOMPLETE, text);
      }
      operation.say(
          "backup %s of %s (%s): %s, of which %s are new, in %s"
              .formatted(
                  Backup.shortId(done.id()),
                  done.snapshot(),
                  generation.version(),
                  HumanText.bytes(done.bytes()),
                  HumanText.bytes(done.added()),
                  HumanText.time(done.millis())));
      if (!done.note().isEmpty()) {
        operation.say("note: " + done.note());
      }
    }
  }

  /** Whether a snapshot's data is still the data of its moment: nothing was started on it. */
  private boolean isUnchanged(SnapshotRecord snapshot) {
    return context
        .journal()
        .snapshot(snapshot.name())
        .filter(now -> now.generation() == snapshot.generation())
        .isPresent();
  }

  private String makeSnapshot(BackupWork operation) {
    String run = control.createSnapshot(new SnapshotRequest(null, null, Reason.FOR_BACKUP));
    UpgradeRecord ended = awaitRun(operation, run);
    if (ended.outcome() != Outcome.DONE) {
      throw new BackupException(
          Kind.OTHER, "no snapshot could be made (%s): %s".formatted(run, ended.reason()));
    }
    String name = SnapshotOptions.ofRun(context, run).name();
    operation.say(
        "snapshot %s made, clients waited %s at most"
            .formatted(name, HumanText.time(context.snapshots().require(name).pauseMillis())));
    return name;
  }

  /** Waits for the end of a run, whatever it takes: its steps have deadlines of their own. */
  private UpgradeRecord awaitRun(BackupWork operation, String run) {
    operation.run(run);
    CountDownLatch end = new CountDownLatch(1);
    try (EventHub.Subscription _ =
        control.watch(
            run,
            event -> {
              if (event.phase().equals("end")) {
                end.countDown();
              } else if (event.phase().equals("progress") || event.phase().equals("intent")) {
                operation.progress("%s %s %s".formatted(run, event.step(), event.text()).strip());
              }
            })) {
      end.await();
    } catch (InterruptedException e) {
      throw new BackupException(
          Kind.ENDED, "it was ended before it was done; %s goes on".formatted(run), e);
    } finally {
      operation.run("");
    }
    return context
        .journal()
        .upgrade(run)
        .orElseThrow(() -> new IllegalStateException("no run " + run));
  }

  private Done upload(
      BackupWork operation, BackupJob job, SnapshotRecord snapshot, Generation generation) {
    List<String> changing = context.planner().leftOutOfSnapshot(generation);
    List<DataVolume> volumes =
        generation.volumes().stream().filter(volume -> !changing.contains(volume.name())).toList();
    List<String> missing = missingVolumes(volumes);
    BackupManifest manifest = files.manifest(snapshot, generation, volumes, missing);
    List<String> lacks = new ArrayList<>();
    if (!missing.isEmpty()) {
      lacks.add("not in it, as its files change: " + String.join(", ", missing));
    }
    if (!manifest.released()) {
      lacks.add("the release %s is gone, and not in it".formatted(generation.version()));
    }
    List<VolumeView> views = new ArrayList<>();
    try (TarArchive archive = files.archive(manifest, snapshot)) {
      List<Part> parts = new ArrayList<>();
      for (DataVolume volume : volumes) {
        VolumeView view =
            VolumeView.of(
                context.engine(),
                volume,
                generation.container() + "-" + volume.name() + "-backup",
                context.names().helperLabels("backup", ResourceNames.LOOK));
        views.add(view);
        parts.add(new Part(volume.name(), view.volume()));
      }
      return job.run(
          new Volumes(parts, archive),
          new BackupTags(stack(), generation.version(), snapshot.name()),
          snapshot.created(),
          String.join("; ", lacks),
          DEADLINE,
          progress -> operation.progress(progress.describe("sent")));
    } finally {
      views.forEach(VolumeView::close);
    }
  }

  /** Names of the volumes of the stack that are not among those of a backup. */
  private List<String> missingVolumes(List<DataVolume> volumes) {
    return context
        .journal()
        .serving()
        .map(serving ->
            serving.volumes().stream()
                .map(DataVolume::name)
                .filter(name -> volumes.stream().noneMatch(has -> has.name().equals(name)))
                .toList())
        .orElse(List.of());
  }

  /** The backup that a person means. */
  private Backup find(String wanted) {
    List<Backup> all = repository.list(stack());
    if (all.isEmpty()) {
      throw new RefusedException(
          "%s has no backup of stack %s".formatted(settings.repository(), stack()));
    }
    if (wanted.equals(BackupRequest.LATEST)) {
      return all.getFirst();
    }
    List<Backup> found =
        all.stream()
            .filter(backup -> backup.id().startsWith(wanted.toLowerCase(Locale.ROOT)))
            .toList();
    if (found.size() != 1) {
      throw new RefusedException(
          "%s backup of stack %s begins with %s: 'orchestrator backup list' lists them"
              .formatted(found.isEmpty() ? "no" : "more than one", stack(), wanted));
    }
    return found.getFirst();
  }

  private void restore(BackupWork operation, BackupRequest.Restore request) {
    Backup backup = find(request.backup());
    operation.backup(backup.id());
    String folder = request.folder();
    if (folder != null) {
      restoreFiles(operation, backup, Path.of(folder));
      return;
    }
    String name = "backup-" + backup.shortId();
    if (context.journal().snapshot(name).isPresent()) {
      operation.say("snapshot %s is there already".formatted(name));
    } else {
      importer.run(operation, backup, name, Reason.FROM_BACKUP);
    }
    if (request.only()) {
      operation.say(
          "'orchestrator snapshot restore %s' goes to it, 'orchestrator snapshot delete %s' frees its space"
              .formatted(name, name));
      return;
    }
    String run = control.restoreSnapshot(name);
    operation.say("restored by " + run);
    UpgradeRecord ended = awaitRun(operation, run);
    if (ended.outcome() != Outcome.DONE) {
      throw new BackupException(
          Kind.OTHER,
          "%s: %s, %s; the backup is snapshot %s"
              .formatted(run, ended.outcomeText(), ended.reason(), name));
    }
    operation.say(
        "%s serves, with the data of %s; snapshot %s stays: 'orchestrator snapshot delete %s' frees its space"
            .formatted(backup.tags().version(), HumanText.when(backup.time()), name, name));
  }

  private void restoreFiles(BackupWork operation, Backup backup, Path folder) {
    requireEmpty(folder);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new RefusedException("can't make the folder %s: %s".formatted(folder, e), e);
    }
    repository.restore(
        backup.id(),
        new BackupSource.Folder(folder),
        DEADLINE,
        progress -> operation.progress(progress.describe("restored")));
    operation.say("backup %s restored into %s".formatted(backup.shortId(), folder));
  }

  private void checkRepository(BackupWork operation, BackupRequest.Check request) {
    operation.progress("checking " + settings.repository());
    repository.check(request.percent(), DEADLINE);
    operation.say(
        "%s: no errors%s"
            .formatted(
                settings.repository(),
                request.percent() == 0
                    ? ", its data was not read"
                    : ", %d%% of its data read".formatted(request.percent())));
  }

  private void forget(BackupWork operation, BackupRequest.Forget request) {
    List<String> removed;
    int kept;
    if (request.backups().isEmpty()) {
      ForgetReport report = repository.forget(stack(), request.plan(), DEADLINE);
      removed = report.removed();
      kept = report.kept().size();
    } else {
      removed = request.backups().stream().map(this::find).map(Backup::id).distinct().toList();
      kept = repository.list(stack()).size() - removed.size();
      if (!request.plan()) {
        repository.remove(removed, DEADLINE);
      }
    }
    operation.removed(removed.stream().map(id -> Backup.shortId(id)).toList());
    String verb = request.plan() ? "would be removed" : "removed";
    removed.forEach(id -> operation.say("backup %s %s".formatted(Backup.shortId(id), verb)));
    operation.say(
        removed.isEmpty()
            ? "nothing to remove: the settings keep all %d backups".formatted(kept)
            : "%d %s, %d stay".formatted(removed.size(), verb, kept));
  }

  /** Restores a backup apart, starts it out of reach, has it checked, and throws it away. */
  private void prove(BackupWork operation, BackupRequest.Prove request) {
    Backup backup = find(request.backup());
    operation.backup(backup.id());
    String name = context.snapshots().freeName("prove-", backup.tags().version(), clock.instant());
    String wrong = "";
    try (Snapshots.Use _ = context.snapshots().use(name)) {
      importer.run(operation, backup, name, Reason.FOR_BACKUP);
      UpgradeRecord ended = awaitRun(operation, control.proveSnapshot(name));
      if (ended.outcome() != Outcome.DONE) {
        wrong = "%s: %s".formatted(ended.id(), ended.reason());
      }
    } catch (BackupException e) {
      if (e.kind() != Kind.ENDED) {
        note(backup, false, String.valueOf(e.getMessage()));
      }
      throw e;
    }
    note(backup, wrong.isEmpty(), wrong.isEmpty() ? "restored, started and checked" : wrong);
    if (!wrong.isEmpty()) {
      throw new BackupException(
          Kind.DAMAGED,
          "backup %s was restored, and did not come up: %s".formatted(backup.shortId(), wrong));
    }
    operation.say("backup %s is good: restored, started and checked".formatted(backup.shortId()));
  }

  private void note(Backup backup, boolean good, String text) {
    health.noteProof(new Proof(clock.instant(), backup.shortId(), good, text));
  }

  /** Refuses a folder that has something in it. */
  static void requireEmpty(Path folder) {
    if (!folder.isAbsolute()) {
      throw new RefusedException("the folder %s is not an absolute path".formatted(folder));
    }
    try (Stream<Path> content = Files.isDirectory(folder) ? Files.list(folder) : Stream.of()) {
      if (content.findFirst().isPresent() || (Files.exists(folder) && !Files.isDirectory(folder))) {
        throw new RefusedException(
            "%s is not an empty folder: name a new one, or empty it".formatted(folder));
      }
    } catch (IOException e) {
      throw new RefusedException("%s can't be read: %s".formatted(folder, e.getMessage()), e);
    }
  }
}
