package dev.orchestrator.backup;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.settings.BackupSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the restic of this host, on a folder of this host: for tests, which try releases of restic
 * without an image. Any thread; calls block, and may be interrupted.
 */
public final class HostResticRunner implements ResticRunner {
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final int KILL_AFTER_SECONDS = 15;

  private final BackupSettings settings;
  private final Path program;
  private final Path cache;

  /**
   * Runs restic with these settings.
   *
   * @param program restic: a path, or a name that is looked up in the path
   * @param cache folder of restic's cache, which is made if it isn't there
   */
  public HostResticRunner(BackupSettings settings, Path program, Path cache) {
    this.settings = settings;
    this.program = program;
    this.cache = cache;
  }

  @Override
  public Session open(BackupSource source, boolean writes, Duration life) {
    Path folder =
        switch (source) {
          case Folder it -> it.path();
          case Volumes volumes -> {
            if (!volumes.parts().isEmpty()) {
              throw new BackupException(
                  Kind.SETTINGS,
                  "volumes of the engine are backed up in a container of the engine");
            }
            yield Path.of("/");
          }
        };
    if (!Files.isDirectory(folder)) {
      throw new BackupException(Kind.SETTINGS, "there is no folder " + folder);
    }
    return new HostSession(folder, ResticEnvironment.read(settings));
  }

  /** restic knows the processes of its own host by itself. */
  @Override
  public void removeLeftovers() {
    // What this host runs ends with this process.
  }

  @Override
  public boolean isOver(String host) {
    return false;
  }

  private final class HostSession implements Session {
    private final Path folder;
    private final ResticEnvironment environment;

    private HostSession(Path folder, ResticEnvironment environment) {
      this.folder = folder;
      this.environment = environment;
    }

    @Override
    public int run(ResticCommand command, Duration deadline, Watcher watcher) {
      Deadline end = Deadline.in(deadline);
      Process process = start(command, deadline);
      Thread reader = Thread.ofVirtual().start(() -> read(process, watcher));
      try {
        boolean interrupted = false;
        while (!process.waitFor(end.atMost(LOOK).toMillis() + 1, TimeUnit.MILLISECONDS)) {
          if (!interrupted && (end.passed() || watcher.stop())) {
            // An interrupt lets restic remove its lock; "timeout" passes it on, and kills later.
            interrupt(process);
            interrupted = true;
            end = Deadline.in(Duration.ofSeconds(KILL_AFTER_SECONDS + 5L));
          } else if (interrupted && end.passed()) {
            destroy(process);
          }
        }
        // A program that restic has started may hold the pipe open: ssh in the background.
        reader.join(Duration.ofSeconds(KILL_AFTER_SECONDS));
        return process.exitValue();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BackupException(Kind.OTHER, "running restic was interrupted", e);
      } finally {
        destroy(process);
      }
    }

    private Process start(ResticCommand command, Duration deadline) {
      List<String> all = new ArrayList<>();
      // It ends by itself if this process is killed.
      all.addAll(
          List.of(
              "timeout",
              // So that it waits for a restic that it kills: a zombie counts as alive for restic.
              "--foreground",
              "--signal=INT",
              "--kill-after=" + KILL_AFTER_SECONDS,
              // An interrupt of its own beside ours would keep restic from removing its lock.
              Long.toString(deadline.toSeconds() + 2 * KILL_AFTER_SECONDS),
              program.toString()));
      all.addAll(command.arguments());
      ProcessBuilder builder = new ProcessBuilder(all).directory(folder.toFile());
      builder.redirectErrorStream(true);
      // What somebody has exported for a restic of their own would go before our settings.
      builder.environment().keySet().removeIf(name -> name.startsWith("RESTIC_"));
      builder.environment().putAll(environment.variables());
      builder.environment().put("RESTIC_CACHE_DIR", cache.toString());
      try {
        Files.createDirectories(cache);
        Process process = builder.start();
        process.outputWriter().close();
        return process;
      } catch (IOException e) {
        throw new BackupException(
            Kind.NO_RESTIC,
            "can't run timeout (%s); install the package coreutils".formatted(e.getMessage()),
            e);
      }
    }

    private void read(Process process, Watcher watcher) {
      try (BufferedReader reader = process.inputReader()) {
        reader.lines().forEach(watcher::line);
      } catch (IOException | UncheckedIOException e) {
        watcher.line("its output can't be read: " + e.getMessage());
      }
    }

    private void interrupt(Process process) throws InterruptedException {
      try {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
            .redirectErrorStream(true)
            .start()
            .waitFor(KILL_AFTER_SECONDS, TimeUnit.SECONDS);
      } catch (IOException e) {
        destroy(process); // no such program: without its good manners
      }
    }

    private static void destroy(Process process) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }

    @Override
    public void copyOut(String part, OutputStream to) {
      throw new UnsupportedOperationException("a folder of this host is read by itself");
    }

    @Override
    public void close() {
      // Nothing was made.
    }
  }
}
