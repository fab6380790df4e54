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

/** This process as the tenant of a home. */
public final class HomeOwner implements HomeOwnership, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
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

  /** The answer of the service that is asked to give up its place. */
  record Offer(String socket) {}

  @Override
  public Optional<Path> askPredecessor() throws IOException {
    if (!takesOver) {
      return Optional.empty();
    }
    if (!HomeLock.isHeld(files)) {
      throw new RefusedException(
          "no service runs on " + files.home() + " to take over from: 'orchestrator serve'");
    }
    String answer = new ApiClient(location).post("/v1/takeover", Map.of(), PATIENCE);
    return Optional.of(Path.of(Json.read(answer, Offer.class).socket()));
  }

  /** At once, or not at all. */
  public void takeFree() throws IOException {
    Optional<HomeLock> taken = HomeLock.take(files);
    if (taken.isEmpty()) {
      throw new RefusedException(ServiceStopper.running(files));
    }
    moveIn(taken.get());
  }

  @Override
  public synchronized void take() throws IOException {
    if (lock != null) {
      return;
    }
    long end = System.nanoTime() + PATIENCE.toNanos();
    Optional<HomeLock> taken = HomeLock.take(files);
    while (taken.isEmpty() && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos());
      taken = HomeLock.take(files);
    }
    if (taken.isEmpty()) {
      throw new RefusedException(
          "the home %s was not given up within %d s".formatted(files.home(), PATIENCE.toSeconds()));
    }
    moveIn(taken.get());
  }

  private synchronized void moveIn(HomeLock taken) throws IOException {
    lock = taken;
    // In this order: whoever sees our pid knows that an address is ours too.
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

  /** Removes what names this process, unless another has moved in. */
  @Override
  public synchronized void close() throws IOException {
    if (lock != null) {
      Files.deleteIfExists(files.pid());
      release();
    }
  }
}
