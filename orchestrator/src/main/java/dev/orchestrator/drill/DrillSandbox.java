package dev.orchestrator.drill;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.HomeLock;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.Settings;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A drill from its beginning to its end: a home of its own below the service's, what serves once
 * more in it, the runs, and everything of it removed, also at Ctrl-C. What a drill that was killed
 * has left is removed by the next.
 */
public final class Drill implements AutoCloseable {
  private final HomeLock lock;
  private final HomeFiles real;
  private final HomeFiles files;
  private final DrillService service;
  private final DrillRoutes routes;
  private final StackReplica replica;
  private final Thread hook = new Thread(this::end, "end of the drill");
  private boolean ended;
  private volatile boolean interrupted;
  private @Nullable DrillRuns runs;

  private Drill(
      HomeLock lock,
      HomeFiles real,
      HomeFiles files,
      Settings settings,
      DrillService service,
      DrillRoutes routes) {
    this.lock = lock;
    this.real = real;
    this.files = files;
    this.service = service;
    this.routes = routes;
    this.replica = new StackReplica(settings);
  }

  /** The folder of a drill in a service's home. */
  static HomeFiles folder(HomeFiles real) {
    return new HomeFiles(real.home().resolve("drill"));
  }

  /** The home of its services. */
  public static HomeFiles files(HomeFiles real) {
    return new HomeFiles(folder(real).home().resolve("state"));
  }

  /**
   * Takes the drill's home, and clears it.
   *
   * @param settings with that home
   */
  public static Drill begin(HomeFiles real, Settings settings, Path config, String mainClass)
      throws IOException {
    folder(real).create();
    HomeLock lock =
        HomeLock.take(folder(real))
            .orElseThrow(() -> new RefusedException("a drill is under way: wait for its end"));
    HomeFiles files = files(real);
    DrillRoutes routes = new DrillRoutes(settings.stack());
    Drill drill =
        new Drill(
            lock,
            real,
            files,
            settings,
            new DrillService(mainClass, config, files, routes.text()),
            routes);
    drill.replica.remove();
    delete(files.home());
    files.create();
    Path locks = real.home().resolve("locks");
    if (Files.isDirectory(locks)) {
      copy(locks, files.home().resolve("locks"));
    }
    Runtime.getRuntime().addShutdownHook(drill.hook);
    return drill;
  }

  public StackReplica.Copied copy(Generation blue, Plan plan, Consumer<String> progress) {
    long needed = plan.data().stream().mapToLong(Plan.Volume::needed).sum();
    StackReplica.Copied copied = replica.copy(blue, needed, progress);
    runs = new DrillRuns(service, routes, replica::running, blue.version(), plan.to());
    return copied;
  }

  /** One part of a drill. */
  public interface Part {
    DrillResult run(DrillRuns runs) throws IOException, InterruptedException;
  }

  /** Runs it; what it can't go on from is a row that failed. */
  public DrillResult row(String what, Part part) throws IOException, InterruptedException {
    DrillRuns begun = runs;
    if (begun == null) {
      throw new IllegalStateException("nothing is copied yet");
    }
    try {
      return part.run(begun);
    } catch (DrillException | CommandException | RefusedException e) {
      awaitInterrupted();
      return DrillResult.failed(what, String.valueOf(e.getMessage()));
    }
  }

  /** At Ctrl-C the hook ends the process: nothing that fails meanwhile is worth a word. */
  private void awaitInterrupted() throws InterruptedException {
    if (interrupted) {
      new CountDownLatch(1).await();
    }
  }

  private void end() {
    interrupted = true;
    System.err.println("ending the drill: removing what it has made");
    finish();
  }

  private synchronized void finish() {
    if (ended) {
      return;
    }
    ended = true;
    try {
      service.end();
      replica.remove();
      if (Files.exists(files.log())) {
        Files.move(files.log(), log(real), StandardCopyOption.REPLACE_EXISTING);
      }
      delete(files.home());
      replica.close();
      lock.close();
      delete(folder(real).home());
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.INTERNAL, "what the drill has made could not be removed: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What its services have written, kept until the next. */
  public static Path log(HomeFiles real) {
    return real.home().resolve("drill.log");
  }

  @Override
  public void close() {
    finish();
    if (!interrupted) {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
