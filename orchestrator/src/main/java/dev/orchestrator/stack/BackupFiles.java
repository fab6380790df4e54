package dev.orchestrator.stack;

import dev.orchestrator.backup.BackupManifest;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.files.TarFolder;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What a backup has beside the data: a description, and the stack's folder with the version's
 * release, so that another host can bring the stack up. The other releases are not in it, nor are
 * the files with the secrets of the repository itself.
 */
final class BackupFiles {
  private static final String STACK_CONF = "stack.conf";
  private static final String RELEASES = "releases";

  private final Settings settings;
  private final StackSettings stack;

  BackupFiles(Settings settings) {
    this.settings = settings;
    this.stack = settings.stack();
  }

  private Path release(String version) {
    return stack.releases().resolve(version);
  }

  /** Whether the release of a version is there. */
  boolean hasRelease(String version) {
    return Files.isDirectory(release(version));
  }

  /**
   * Describes a backup.
   *
   * @param volumes that are in it
   * @param missing names of the volumes that are not
   */
  BackupManifest manifest(
      SnapshotRecord snapshot,
      Generation generation,
      List<DataVolume> volumes,
      List<String> missing) {
    return new BackupManifest(
        BackupManifest.FORMAT,
        stack.name(),
        generation.version(),
        generation.content(),
        generation.image(),
        generation.ports(),
        snapshot.name(),
        snapshot.created(),
        snapshot.bytes(),
        volumes.stream()
            .map(volume -> new BackupManifest.Volume(volume.name(), volume.paths()))
            .toList(),
        hasRelease(generation.version()),
        missing);
  }

  /** The files of a backup. */
  TarArchive archive(BackupManifest manifest, SnapshotRecord snapshot) {
    String folder = BackupManifest.RELEASE;
    TarArchive files = new TarArchive();
    try {
      files.text(BackupManifest.FILE, Json.write(manifest) + "\n");
      if (Files.isRegularFile(settings.file())) {
        files.file(settings.file(), "orchestrator.conf");
      }
      files.folder(folder);
      if (!snapshot.settings().isEmpty()) {
        files.text(folder + "/" + STACK_CONF, snapshot.settings());
      }
      for (Path path : besideReleases(!snapshot.settings().isEmpty())) {
        String name = folder + "/" + path.getFileName();
        if (Files.isDirectory(path)) {
          files.tree(path, name, Long.MAX_VALUE);
        } else {
          files.file(path, name);
        }
      }
      if (manifest.released()) {
        files.tree(
            release(manifest.version()),
            folder + "/" + RELEASES + "/" + manifest.version(),
            Long.MAX_VALUE);
      }
      return files;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private List<Path> besideReleases(boolean withoutSettings) {
    BackupSettings backup = stack.backup();
    try (Stream<Path> all = Files.list(stack.folder())) {
      return all.filter(path -> !path.equals(stack.releases()))
          .filter(path -> !withoutSettings || !path.endsWith(STACK_CONF))
          .filter(path -> !Objects.equals(path, backup.passwordFile()))
          .filter(path -> !Objects.equals(path, backup.environmentFile()))
          .filter(path -> Files.isRegularFile(path) || Files.isDirectory(path))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "can't read the folder %s: %s".formatted(stack.folder(), e.getMessage()), e);
    }
  }

  /**
   * Puts the release of a backup's version back, unless it is there.
   *
   * @param archive the stack's folder of the backup
   * @return one line on what was done; empty when nothing was
   */
  String putBack(BackupManifest manifest, Path archive) throws IOException {
    String version = manifest.version();
    if (hasRelease(version) || !manifest.released()) {
      return "";
    }
    Path draft = stack.releases().resolve("." + version + ".restored");
    FileTree.delete(draft);
    try (InputStream in = Files.newInputStream(archive)) {
      int files = TarFolder.unpack(in, RELEASES + "/" + version, draft);
      Files.move(draft, release(version), StandardCopyOption.ATOMIC_MOVE);
      return "release %s put back into %s, %d files".formatted(version, release(version), files);
    } finally {
      FileTree.delete(draft);
    }
  }

  /** The volumes of a backup as those of a new generation. */
  static List<DataVolume> volumes(BackupManifest manifest, UnaryOperator<String> volumeOf) {
    List<DataVolume> volumes = new ArrayList<>();
    for (BackupManifest.Volume volume : manifest.volumes()) {
      volumes.add(
          DataVolume.plain(
              volume.name(), volumeOf.apply(volume.name()), Method.COPY, volume.paths()));
    }
    return volumes;
  }
}
