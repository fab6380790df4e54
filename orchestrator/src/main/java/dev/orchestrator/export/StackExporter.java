package dev.orchestrator.export;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveHead;
import dev.orchestrator.archive.ArchiveWriter;
import dev.orchestrator.archive.BlobDigests;
import dev.orchestrator.archive.SecretBox;
import dev.orchestrator.archive.SecretFilter;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeStream;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.home.ExportClaim;
import dev.orchestrator.registry.RegistryTarget;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.upgrade.ResourceNames;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a stack into a file: the image of a version, its release, the stack's settings and, where
 * asked for, data that nobody writes to. Calls block; one thread.
 */
public final class StackExporter {
  /** Between two signs of life. */
  private static final long PROGRESS_BYTES = 8 << 20;

  private final Settings settings;
  private final StackSettings stack;
  private final Engine engine;
  private final Map<String, String> labels;
  private final VolumeStream volumes;
  private final Duration deadline;
  private long written;

  /**
   * Exports a stack with these settings from this engine.
   *
   * @param id of the export, on what is made for it
   * @param deadline of each of the parts
   */
  public StackExporter(Settings settings, Engine engine, String id, Duration deadline) {
    this.settings = settings;
    this.stack = settings.stack();
    this.engine = engine;
    this.deadline = deadline;
    ResourceNames names = new ResourceNames(settings);
    this.labels = names.helperLabels(id, ResourceNames.COPY);
    ImageBuilder builder =
        new ImageBuilder(engine, settings, names.stackLabels(), SteadyClock.get());
    this.volumes =
        new VolumeStream(
            engine,
            () -> builder.base(line -> {}),
            labels,
            ExportClaim.folder(settings.home(), id));
  }

  /**
   * What to export.
   *
   * @param version of the stack
   * @param image the engine's id of its image
   * @param data the data, asked for once, while the image is copied
   * @param program version of this program
   * @param endOfReading called once all of the data was read; refuses data that may not be of one
   *     moment
   */
  public record Request(
      String version, String image, DataSource data, String program, Runnable endOfReading) {}

  /** Data to export. */
  public interface DataSource {
    /** Volumes that nobody writes to; none for an export without data. May take its time. */
    List<DataVolume> volumes() throws InterruptedException;
  }

  /**
   * Writes the file, which has its name when it is whole.
   *
   * @param passphrase for the secrets; null where they are left out
   * @param progress is told now and then how much there is of it
   */
  public ArchiveContents export(
      Request request,
      Path file,
      boolean replace,
      char @Nullable [] passphrase,
      Consumer<String> progress)
      throws InterruptedException {
    return export(
        request, (head, secrets) -> new ArchiveWriter(file, head, replace), passphrase, progress);
  }

  /** Sends it to a registry. */
  public ArchiveContents push(
      Request request,
      RegistryTarget registry,
      char @Nullable [] passphrase,
      Consumer<String> progress)
      throws InterruptedException {
    return export(
        request,
        (head, secrets) -> {
          // The engine tells no digests before it has told everything.
          registry.expect(
              engine.save(request.image(), deadline, saved -> BlobDigests.of(saved, secrets)));
          return new ArchiveWriter(registry, head);
        },
        passphrase,
        progress);
  }

  /** Opens what is written to. */
  private interface Opening {
    ArchiveWriter open(ArchiveHead head, SecretFilter secrets);
  }

  private ArchiveContents export(
      Request request, Opening opening, char @Nullable [] passphrase, Consumer<String> progress)
      throws InterruptedException {
    if (passphrase != null) {
      SecretBox.requirePassphrase(passphrase);
    }
    Path release = new Releases(stack).release(request.version()).folder();
    ImageInfo image =
        engine
            .image(request.image())
            .orElseThrow(() ->
                new RefusedException(
                    "the engine has no image %s of version %s any more: 'orchestrator up' makes it"
                        .formatted(request.image(), request.version())));
    try {
      ExportSecrets secrets = ExportSecrets.of(stack, release);
      ArchiveHead head =
          new ArchiveHead(
              request.program(),
              stack.name(),
              request.version(),
              engine.info().platform().architecture(),
              Instant.now());
      try (ArchiveWriter writer = opening.open(head, secrets.filter())) {
        String reference = "orchestrator/%s:%s".formatted(stack.name(), request.version());
        List<DataVolume> data =
            copyImage(
                request.data(),
                shown ->
                    engine.save(
                        image.id(),
                        deadline,
                        saved -> {
                          writer.image(counted(saved, "image", shown), reference, secrets.filter());
                          return true;
                        }),
                progress);
        for (DataVolume volume : data) {
          pack(volume, writer, secrets.filter(), progress);
        }
        request.endOfReading().run();
        try (TarArchive archive = files(request.version(), release, secrets.filter());
            InputStream files = archive.open()) {
          writer.files(files);
        }
        if (passphrase != null && !stack.compose().secrets().isEmpty()) {
          writer.secrets(secrets.bundle(), passphrase);
        }
        return writer.finish(
            Map.of("stack.conf", Files.readString(stack.folder().resolve("stack.conf"))));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Copies the image while the data is made ready, which takes the engine and the disk by turns.
   *
   * @param copy is given where to tell its progress: nowhere while the data tells its own
   */
  private static List<DataVolume> copyImage(
      DataSource source, Consumer<Consumer<String>> copy, Consumer<String> progress)
      throws InterruptedException {
    AtomicBoolean isShown = new AtomicBoolean();
    FutureTask<Boolean> copying =
        new FutureTask<>(
            () ->
                copy.accept(line -> {
                  if (isShown.get()) {
                    progress.accept(line);
                  }
                }),
            true);
    Thread thread = Thread.ofVirtual().name("copying the image").start(copying);
    try {
      List<DataVolume> data = source.volumes();
      isShown.set(true);
      boolean _ = copying.get();
      return data;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException failure
          ? failure
          : new IllegalStateException(e.getCause());
    } finally {
      // What it writes to is closed next.
      thread.interrupt();
      thread.join();
    }
  }

  private void pack(
      DataVolume volume, ArchiveWriter writer, SecretFilter secrets, Consumer<String> progress) {
    boolean _ =
        volumes.pack(
            volume,
            secrets.files().stream().map(file -> "binds/" + file).toList(),
            deadline,
            (weight, stream) -> {
              String what =
                  "data of volume %s (%s)"
                      .formatted(volume.name(), HumanText.bytes(weight.bytes()));
              writer.volume(
                  volume.name(), counted(stream, what, progress), weight.bytes(), weight.files());
              return true;
            });
    requireThere(volume);
  }

  /**
   * An engine makes a volume anew, empty and without labels, for a container that is to have it.
   */
  private void requireThere(DataVolume volume) {
    for (String name : volume.needs()) {
      if (engine.volume(name).filter(each -> each.labels().containsKey(Labels.OURS)).isEmpty()) {
        throw new RefusedException(
            "volume %s was removed while its data was read: export it again".formatted(name));
      }
    }
  }

  /** The stack's folder with this release alone, and without the secrets. */
  private TarArchive files(String version, Path release, SecretFilter secrets) throws IOException {
    String kept = "releases/" + version;
    Set<String> without = new TreeSet<>();
    for (FileTree.Entry each : FileTree.of(stack.folder())) {
      String name = each.name();
      if (name.startsWith("releases/") && !name.equals(kept) && !name.startsWith(kept + "/")) {
        without.add(name);
      }
    }
    secrets.files().forEach(file -> without.add(kept + "/" + file));
    // Keys to a repository of backups are no part of what is handed on.
    BackupSettings backup = stack.backup();
    Stream.of(backup.passwordFile(), backup.environmentFile())
        .filter(Objects::nonNull)
        .filter(file -> file.startsWith(stack.folder()))
        .forEach(file -> without.add(stack.folder().relativize(file).toString()));
    Path env = release.resolve(".env");
    without.add(kept + "/.env");
    TarArchive archive = new TarArchive().tree(stack.folder(), "stack", Long.MAX_VALUE, without);
    // Empty, so that who brings the content knows whose file it is.
    secrets
        .files()
        .forEach(file -> archive.empty(release.resolve(file), "stack/" + kept + "/" + file));
    if (Files.isRegularFile(env)) {
      archive.bytes("stack/" + kept + "/.env", secrets.env(Files.readAllBytes(env)));
    }
    return archive;
  }

  private InputStream counted(InputStream in, String what, Consumer<String> progress) {
    return new FilterInputStream(in) {
      private long told;

      @Override
      public int read() throws IOException {
        int read = super.read();
        count(read < 0 ? 0 : 1);
        return read;
      }

      @Override
      public int read(byte[] bytes, int from, int length) throws IOException {
        int read = super.read(bytes, from, length);
        count(Math.max(0, read));
        return read;
      }

      private void count(int read) {
        written += read;
        if (written >= told + PROGRESS_BYTES) {
          told = written;
          progress.accept("%s: %s written".formatted(what, HumanText.bytes(written)));
        }
      }
    };
  }

  /** Removes the helper containers of an export that is interrupted. */
  public void removeHelpers() {
    List<String> names = new ArrayList<>();
    engine.containers(labels).stream().map(ContainerInfo::name).forEach(names::add);
    names.forEach(engine::removeContainer);
    engine.volumes(labels).stream().map(VolumeInfo::name).forEach(engine::removeVolume);
  }

  /** The settings of the stack. */
  public Settings settings() {
    return settings;
  }
}
