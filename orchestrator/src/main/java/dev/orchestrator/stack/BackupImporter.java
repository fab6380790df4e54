package dev.orchestrator.stack;

import dev.orchestrator.backup.Backup;
import dev.orchestrator.backup.BackupException;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupManifest;
import dev.orchestrator.backup.BackupRepository;
import dev.orchestrator.backup.BackupSource.Part;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.UpgradeContext;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restores a backup into new volumes, which become a snapshot of the stack. What fails half-way is
 * removed; blocks for as long as it takes.
 */
final class BackupImporter {
  private static final Logger log = LoggerFactory.getLogger(BackupImporter.class);
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(10);

  private final UpgradeContext context;
  private final BackupRepository repository;
  private final BackupFiles files;

  BackupImporter(UpgradeContext context, BackupRepository repository, BackupFiles files) {
    this.context = context;
    this.repository = repository;
    this.files = files;
  }

  /** Restores a backup into new volumes, which become a snapshot. */
  void run(BackupWork operation, Backup backup, String name, Reason reason) {
    BackupManifest manifest = repository.manifest(backup.id());
    if (manifest.volumes().isEmpty()) {
      throw new RefusedException("backup %s has no volumes".formatted(backup.shortId()));
    }
    int number = context.journal().nextGeneration();
    Generation draft =
        new Generation(
            number,
            manifest.version(),
            manifest.content(),
            manifest.image(),
            // Names that nothing on the engine ever has.
            context.names().container(number),
            BackupFiles.volumes(manifest, volume -> context.names().volume(number, volume)),
            context.names().store(number),
            manifest.ports(),
            context.clock().instant());
    // From here on a restart of the service removes it, as the candidate of a run.
    context.journal().addImported(draft);
    Path release = temporaryFile();
    try {
      download(operation, backup, draft, manifest, release);
      String put = files.putBack(manifest, release);
      if (!put.isEmpty()) {
        operation.say(put);
      }
      Generation generation = withImage(operation, draft);
      context.journal().setImage(generation);
      context
          .journal()
          .addSnapshot(
              new SnapshotRecord(
                  name,
                  number,
                  reason,
                  manifest.created(),
                  manifest.bytes(),
                  0,
                  0,
                  context.snapshots().settingsText()));
      operation.say(
          "backup %s of %s restored as snapshot %s"
              .formatted(backup.shortId(), manifest.version(), name));
    } catch (IOException e) {
      remove(draft);
      throw new BackupException(
          Kind.OTHER, "the release of %s: %s".formatted(manifest.version(), e.getMessage()), e);
    } catch (RuntimeException e) {
      remove(draft);
      throw e;
    } finally {
      delete(release);
    }
  }

  private void remove(Generation draft) {
    // An interrupt has ended what came before, and must not end this.
    boolean _ = Thread.interrupted();
    try {
      context.retention().remove(draft);
    } catch (EngineException e) {
      log.warn("left until the next start of the service: {}", e.getMessage());
    }
  }

  private void download(
      BackupWork operation, Backup backup, Generation draft, BackupManifest manifest, Path release)
      throws IOException {
    List<Part> parts = new ArrayList<>();
    for (DataVolume volume : draft.volumes()) {
      context
          .engine()
          .createVolume(volume.volume(), context.names().generationLabels(draft, "backup", "data"));
      parts.add(new Part(volume.name(), volume.volume()));
    }
    requireSpace(draft.volumes().getFirst(), manifest);
    try (OutputStream out = Files.newOutputStream(release)) {
      repository.restore(
          backup.id(),
          new Volumes(parts),
          out,
          BackupExecutor.DEADLINE,
          progress -> operation.progress(progress.describe("restored")));
    }
  }

  /** A disk that gets full stops what serves on it. */
  private void requireSpace(DataVolume volume, BackupManifest manifest) {
    long free =
        context
            .copier()
            .measure(
                volume, context.names().helperLabels("backup", ResourceNames.LOOK), MEASURE_TIMEOUT)
            .free();
    long reserve = context.dataSettings().reserve();
    if (manifest.bytes() + reserve > free) {
      throw new RefusedException(
          "not enough space to restore it: %s needed and %s to stay free (data.reserve), %s free where the engine keeps its volumes"
              .formatted(
                  HumanText.bytes(manifest.bytes()),
                  HumanText.bytes(reserve),
                  HumanText.bytes(free)));
    }
  }

  /** The generation with its image: that of the backup where it is there, else built again. */
  private Generation withImage(BackupWork operation, Generation draft) {
    if (context.engine().image(draft.image()).isPresent()) {
      return draft;
    }
    if (!files.hasRelease(draft.version())) {
      throw new RefusedException(
          "neither the image of %s nor its release is there: put the release into %s"
              .formatted(
                  draft.version(), context.settings().stack().releases().resolve(draft.version())));
    }
    operation.progress("building the image of " + draft.version());
    CapsuleImage image;
    try (RunLimits.Permit _ =
        context
            .runLimits()
            .await(RunLimits.Work.BUILD, context.settings().stack().name(), operation::progress)) {
      image = context.builder().build(draft.version(), operation::progress);
    }
    operation.say("image of %s built from its release".formatted(draft.version()));
    return new Generation(
        draft.number(),
        draft.version(),
        image.content(),
        context.engine().image(image.reference()).map(ImageInfo::id).orElse(image.reference()),
        draft.container(),
        draft.volumes(),
        draft.storeVolume(),
        image.ports(),
        draft.created());
  }

  private static Path temporaryFile() {
    try {
      return Files.createTempFile("orchestrator-", ".tgz");
    } catch (IOException e) {
      throw new UncheckedIOException("can't write a temporary file: " + e.getMessage(), e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.warn("{} can't be deleted: {}", file, e.getMessage());
    }
  }
}
