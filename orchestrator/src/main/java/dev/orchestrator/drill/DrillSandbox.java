package dev.orchestrator.drill;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.HomeLock;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.HomeFolder;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * Everything that a drill makes: a home folder below the service's, a replica of the stack on the
 * engine, a service. Closing it removes all of that, and so does Ctrl-C; what a killed drill has
 * left is removed when the next one opens.
 */
final class DrillSandbox implements AutoCloseable {
  private final HomeLock lock;
  private final HomeFiles serviceFiles;
  private final HomeFiles files;
  private final DrillService service;
  private final DrillRoutes routes;
  private final StackReplica replica;
  private final Thread onInterrupt = new Thread(this::removeAtInterrupt, "end of the drill");
  private boolean removed;
  private volatile boolean interrupted;

  private DrillSandbox(
      HomeLock lock,
      HomeFiles serviceFiles,
      HomeFiles files,
      Settings settings,
      DrillService service,
      DrillRoutes routes) {
    this.lock = lock;
    this.serviceFiles = serviceFiles;
    this.files = files;
    this.service = service;
    this.routes = routes;
    this.replica = new StackReplica(settings);
  }

  /** The folder with everything of a drill, in the home of the service. */
  private static HomeFiles folder(HomeFiles serviceFiles) {
    return new HomeFiles(serviceFiles.home().resolve("drill"));
  }

  /** The home of the drill's own service. */
  private static HomeFiles files(HomeFiles serviceFiles) {
    return new HomeFiles(folder(serviceFiles).home().resolve("state"));
  }

  /**
   * Takes the lock of drills in the service's home, and removes what an earlier drill has left.
   *
   * @param stack name of the stack
   * @throws RefusedException when another drill is under way, or there is no configuration file
   */
  static DrillSandbox open(Drill.Program program, String stack) throws IOException {
    Path config = program.location().config();
    if (config == null) {
      throw new RefusedException("a drill needs the service's configuration: use --config FILE");
    }
    HomeFiles serviceFiles = new HomeFiles(program.location().home());
    HomeFiles files = files(serviceFiles);
    Map<String, String> environment = new HashMap<>(program.environment());
    environment.put(HomeFolder.VARIABLE, files.home().toString());
    Settings settings = SettingsLoader.load(config, environment, stack);
    folder(serviceFiles).create();
    HomeLock lock =
        HomeLock.take(folder(serviceFiles))
            .orElseThrow(() -> new RefusedException("a drill is under way: wait for its end"));
    DrillRoutes routes = new DrillRoutes(settings.stack());
    DrillSandbox sandbox =
        new DrillSandbox(
            lock,
            serviceFiles,
            files,
            settings,
            new DrillService(program.mainClass(), config, files, stack, routes.ports()),
            routes);
    sandbox.replica.remove();
    FileTree.delete(files.home());
    files.create();
    // So that a version has the same inner images here as in the service.
    Path locks = serviceFiles.home().resolve("locks");
    if (Files.isDirectory(locks)) {
      copyFolder(locks, files.home().resolve("locks"));
    }
    Runtime.getRuntime().addShutdownHook(sandbox.onInterrupt);
    return sandbox;
  }

  /** Copies the data of what serves, and makes it the stack of the drill's service. */
  StackReplica.Copied copy(Generation serving, Plan plan, Consumer<String> progress) {
    long needed = plan.data().stream().mapToLong(Plan.Volume::needed).sum();
    return replica.copy(serving, needed, progress);
  }

  /** The runs between two versions on the drill's service. */
  DrillRuns runs(String from, String to) {
    return new DrillRuns(service, routes, replica::running, from, to);
  }

  /**
   * After Ctrl-C, never returns: the hook ends this process, and a failure that its removing causes
   * is not a result of the drill.
   */
  void stopHereWhenInterrupted() throws InterruptedException {
    if (interrupted) {
      new CountDownLatch(1).await();
    }
  }

  private void removeAtInterrupt() {
    interrupted = true;
    System.err.println("ending the drill: removing what it has made");
    remove();
  }

  private synchronized void remove() {
    if (removed) {
      return;
    }
    removed = true;
    try {
      service.stop();
      replica.remove();
      if (Files.exists(files.log())) {
        Files.move(files.log(), log(serviceFiles), StandardCopyOption.REPLACE_EXISTING);
      }
      replica.close();
      // While the lock is held: the folder may be another drill's as soon as it is released.
      FileTree.delete(folder(serviceFiles).home());
      lock.close();
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.INTERNAL, "what the drill has made could not be removed: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The log of the drill's service, which is kept until the next drill. */
  static Path log(HomeFiles serviceFiles) {
    return serviceFiles.home().resolve("drill.log");
  }

  @Override
  public void close() {
    remove();
    if (!interrupted) {
      Runtime.getRuntime().removeShutdownHook(onInterrupt);
    }
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    try (var all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }
}
