package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A process beside the test's own that uses the lock of a home, until its input ends:
 *
 * <ul>
 *   <li>{@code look HOME} asks all the time whether the lock is held;
 *   <li>{@code see HOME} asks once and prints the answer;
 *   <li>{@code take HOME} takes the lock and prints whether it got it.
 * </ul>
 */
public final class HomeLockProcess {
  private HomeLockProcess() {}

  public static void main(String[] arguments) throws IOException {
    HomeFiles files = new HomeFiles(Path.of(arguments[1]));
    switch (arguments[0]) {
      case "look" -> look(files);
      case "see" -> System.out.println(HomeLock.isHeld(files));
      case "take" -> take(files);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void look(HomeFiles files) throws IOException {
    AtomicBoolean over = new AtomicBoolean();
    Thread.ofPlatform()
        .start(() -> {
          awaitEndOfInput();
          over.set(true);
        });
    boolean _ = HomeLock.isHeld(files);
    System.out.println("looking");
    while (!over.get()) {
      boolean _ = HomeLock.isHeld(files);
    }
  }

  private static void take(HomeFiles files) throws IOException {
    Optional<HomeLock> lock = HomeLock.take(files);
    System.out.println(lock.isPresent());
    awaitEndOfInput();
    if (lock.isPresent()) {
      lock.get().close();
    }
  }

  private static void awaitEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        // Only the end is of interest.
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
