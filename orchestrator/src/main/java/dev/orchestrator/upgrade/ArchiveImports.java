package dev.orchestrator.upgrade;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeStream;
import dev.orchestrator.journal.Generation;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The first {@code up} of a stack that comes from the file of an export: its image and its data are
 * taken from there. Until that has ended well the stack's folder has a file that names the archive:
 * nobody may bring the stack up without its data. Blocks.
 */
public final class ArchiveImports {
  /** Key in the journal, with the run: the file. */
  private static final String FILE_KEY = "archive";

  /** Key in the journal, with the run: that its data is in green's volumes. */
  private static final String FILLED_KEY = "archive-filled";

  private static final String MARK = ".import";

  private final UpgradeContext context;

  ArchiveImports(UpgradeContext context) {
    this.context = context;
  }

  /** The journal's form of a file. */
  public static Map<String, String> attachments(Path file) {
    return Map.of(FILE_KEY, Json.write(file.toAbsolutePath().toString()));
  }

  /** Notes in a stack's folder that the stack is to be brought up from a file. */
  public static void mark(Path folder, Path file) throws IOException {
    Files.writeString(folder.resolve(MARK), file.toAbsolutePath() + "\n");
  }

  /** The file from which a stack is to be brought up; empty for any other stack. */
  public static Optional<Path> pending(Path folder) {
    try {
      return Optional.of(Path.of(Files.readString(folder.resolve(MARK)).strip()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: %s".formatted(folder.resolve(MARK), e.getMessage()), e);
    }
  }

  /** The same, for a stack that is to be brought up now: the file must be there. */
  public static Optional<Path> requirePending(Path folder) {
    Optional<Path> file = pending(folder);
    file.filter(Files::notExists)
        .ifPresent(missing -> {
          throw new RefusedException(
              "the import of this stack has not ended well, and there is no file %s any more: put it back, or remove %s to bring the stack up without its data"
                  .formatted(missing, folder.resolve(MARK)));
        });
    return file;
  }

  /** The stack serves with its data: it is one as any other. */
  public void end(UpgradeRun run) {
    if (file(run).isEmpty()) {
      return;
    }
    Path mark = context.settings().stack().folder().resolve(MARK);
    try {
      Files.deleteIfExists(mark);
    } catch (IOException e) {
      throw new DataException("can't remove %s: %s".formatted(mark, e.getMessage()), e);
    }
  }

  private Optional<Path> file(UpgradeRun run) {
    return context
        .journal()
        .attachment(run.id(), FILE_KEY)
        .map(json -> Path.of(Json.read(json, String.class)));
  }

  /** Checks that the file is there and fits this host and these settings. */
  public String require(UpgradeRun run) {
    Optional<Path> file = file(run);
    if (file.isEmpty()) {
      return "";
    }
    try (ArchiveReader archive = new ArchiveReader(file.get())) {
      archive.requireArchitecture(context.engine().info().platform().architecture());
      if (!archive.head().version().equals(run.record.toVersion())) {
        throw new RefusedException(
            "%s has version %s, not %s"
                .formatted(file.get(), archive.head().version(), run.record.toVersion()));
      }
      List<String> known =
          context.dataSettings().volumes().stream().map(each -> each.name()).toList();
      for (ArchiveContents.Volume volume : archive.contents().volumes()) {
        if (!volume.name().equals(DataVolume.MAIN) && !known.contains(volume.name())) {
          throw new RefusedException(
              "%s has data of a volume %s, which data.volumes of stack.conf doesn't have: name it there"
                  .formatted(file.get(), volume.name()));
        }
      }
      return "from " + file.get();
    }
  }

  /** The image of a run that imports; empty for any other run. */
  public Optional<CapsuleImage> image(UpgradeRun run, Consumer<String> progress) {
    return file(run)
        .map(file -> {
          progress.accept("loading the image of " + file.getFileName());
          try (ArchiveReader archive = new ArchiveReader(file)) {
            return context.builder().load(run.record.toVersion(), archive, progress);
          }
        });
  }

  /**
   * Fills the candidate's volumes, which nobody uses yet; returns a line for each. May be repeated
   * after a restart.
   */
  public List<String> fill(UpgradeRun run, Generation green, Consumer<String> progress) {
    Optional<Path> file = file(run);
    if (file.isEmpty() || context.journal().attachment(run.id(), FILLED_KEY).isPresent()) {
      return List.of();
    }
    VolumeStream volumes =
        new VolumeStream(
            context.engine(),
            () -> context.builder().base(line -> {}),
            context.names().helperLabels(run.id(), ResourceNames.COPY),
            context.settings().state());
    List<String> filled = new ArrayList<>();
    try (ArchiveReader archive = new ArchiveReader(file.get())) {
      for (ArchiveContents.Volume each : archive.contents().volumes()) {
        DataVolume target = DataPlanner.findVolume(green, each.name()).orElseThrow();
        progress.accept("filling %s, %s".formatted(each.name(), HumanText.bytes(each.bytes())));
        try (InputStream stream = archive.volume(each.name())) {
          long files =
              volumes.unpack(
                  stream, each.archived(), each.compression(), target, context.limits().preSync());
          if (files != each.files()) {
            throw new DataException(
                "the data of volume %s did not all arrive: %d files of %d"
                    .formatted(each.name(), files, each.files()));
          }
          // To the end, where the digest of the whole is compared.
          stream.transferTo(OutputStream.nullOutputStream());
        }
        filled.add(
            "%s filled from %s, %,d files, %s"
                .formatted(
                    each.name(),
                    file.get().getFileName(),
                    each.files(),
                    HumanText.bytes(each.bytes())));
      }
    } catch (IOException e) {
      throw new DataException("reading %s: %s".formatted(file.get(), e.getMessage()), e);
    }
    context.journal().attach(run.id(), FILLED_KEY, "true");
    return filled;
  }
}
