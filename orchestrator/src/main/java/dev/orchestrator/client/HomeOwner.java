package dev.orchestrator.client;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.HomeLock;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.home.PidFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * This process as the owner of a home: it takes the lock, writes its process id, and asks the
 * service that runs to hand over. Thread-safe.
 */
public final class HomeOwner implements HomeOwnership, AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final ServiceLocation location;
  private final HomeFiles files;
  private final boolean takesOver;
  private @Nullable HomeLock lock;

  public HomeOwner(ServiceLocation location, HomeFiles files, boolean takesOver) {
    this.location = location;
    this.files = files;
    this.takesOver = takesOver;
  }

  /** The service's answer to the request to hand over. */
  record HandoverOffer(String socket) {}

  @Override
  public Optional<Path> askPredecessor() throws IOException {
    if (!takesOver) {
      return Optional.empty();
    }
    if (!HomeLock.isHeld(files)) {
      throw new RefusedException(
          "no service runs on " + files.home() + " to take over from: 'orchestrator serve'");
    }
    String answer = new ApiClient(location).post("/v1/takeover", Map.of(), DEADLINE);
    return Optional.of(Path.of(Json.read(answer, HandoverOffer.class).socket()));
  }

  /**
   * Takes the home at once.
   *
   * @throws RefusedException when a service runs on it
   */
  public void takeNow() throws IOException {
    Optional<HomeLock> taken = HomeLock.take(files);
    if (taken.isEmpty()) {
      throw new RefusedException(ServiceStopper.describe(files));
    }
    settle(taken.get());
  }

  @Override
  public synchronized void take() throws IOException {
    if (lock != null) {
      return;
    }
    long end = System.nanoTime() + DEADLINE.toNanos();
    Optional<HomeLock> taken = HomeLock.take(files);
    while (taken.isEmpty() && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos());
      taken = HomeLock.take(files);
    }
    if (taken.isEmpty()) {
      throw new RefusedException(
          "the home %s was not released within %d s by the service before"
              .formatted(files.home(), DEADLINE.toSeconds()));
    }
    settle(taken.get());
  }

  private synchronized void settle(HomeLock taken) throws IOException {
    lock = taken;
    // In this order: a client that finds our process id then knows that an address is ours too.
    Files.deleteIfExists(files.address());
    PidFile.ofThisProcess().write(files);
  }

  @Override
  public synchronized void release() throws IOException {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  /** Removes the process id and releases the home, unless another process owns it by now. */
  @Override
  public synchronized void close() throws IOException {
    if (lock != null) {
      Files.deleteIfExists(files.pid());
      release();
    }
  }
}
