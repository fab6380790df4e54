package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.BuildPart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** How long the parts of a build took, in the order in which they ended. Thread-safe. */
final class BuildTimes {
  private final List<BuildPart> parts = new ArrayList<>();

  /** Does a part of the build; one that fails is not noted. */
  <T> T measure(String what, Supplier<T> part) {
    long begun = System.nanoTime();
    T result = part.get();
    long millis = Duration.ofNanos(System.nanoTime() - begun).toMillis();
    synchronized (this) {
      parts.add(new BuildPart(what, millis));
    }
    return result;
  }

  synchronized List<BuildPart> parts() {
    return List.copyOf(parts);
  }
}
