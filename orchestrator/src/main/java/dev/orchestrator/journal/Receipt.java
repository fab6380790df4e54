package dev.orchestrator.journal;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The record of a run that a person or a script reads afterwards. Times are in milliseconds.
 *
 * @param steps in the order in which they ran, undo steps included
 * @param traffic null when the run held no clients
 * @param image null when the run has built no image
 * @param notes lines for a person, such as where newer data was set aside
 * @param hold null when the run led no clients to another version, or an older program has run it
 * @param invariants what was found of the stack's invariants
 */
public record Receipt(
    UpgradeRecord upgrade,
    String stack,
    List<Step> steps,
    @Nullable Traffic traffic,
    List<CopyPass> copies,
    @Nullable Image image,
    List<String> notes,
    @Nullable Hold hold,
    List<InvariantRecord> invariants) {

  public Receipt {
    // A service that was started before there were any sends none.
    invariants = Objects.requireNonNullElse(invariants, List.of());
  }

  /**
   * A step with the time that it took.
   *
   * @param phase the last phase that the journal has of it, in lower case
   */
  public record Step(String step, String phase, Instant at, long millis, String detail) {}

  /**
   * How the run treated clients.
   *
   * @param held connections that waited in the gate
   * @param longestHoldMillis the longest time that a connection waited
   * @param refused connections that were closed without an answer
   * @param drained connections to the old version that ended by themselves
   * @param cut connections to the old version that were closed at the end of the drain budget
   */
  public record Traffic(
      long held, long longestHoldMillis, long p99HoldMillis, long refused, int drained, int cut) {}

  /**
   * A pass of a copy.
   *
   * @param name {@code pre-sync 1}, {@code sync} …
   */
  public record CopyPass(String name, long files, long bytes, long millis) {}

  /**
   * The image of the new version's capsule.
   *
   * @param cached whether an earlier build's image was used again
   * @param parts of the build, which may have been made side by side
   */
  public record Image(
      String reference, long bytes, boolean cached, long buildMillis, List<BuildPart> parts) {

    public Image {
      // An older program's receipt has none.
      parts = Objects.requireNonNullElse(parts, List.of());
    }
  }

  /** A part of a build with its time. */
  public record BuildPart(String what, long millis) {}

  /**
   * What became of the time in which clients waited: what to mend, for it to be shorter.
   *
   * @param at when new connections began to wait
   * @param millis until they were led to the version that serves now
   * @param services each service's stop in the version that served and start in the one that does
   *     now; without those of a capsule that was built before it told them
   * @param path what that version waited for, one after the other, until clients could be served:
   *     the time is shorter only where one of these is
   */
  public record Hold(Instant at, long millis, List<ServiceSpan> services, List<PathPart> path) {}

  /**
   * A service's stop or start, in milliseconds since clients began to wait.
   *
   * @param part {@code stop} or {@code start}
   * @param fromMillis when it was asked for: what had to be stopped or healthy before was by then
   * @param runningMillis of a start, when its process ran; null of a stop
   * @param untilMillis when it had ended; of a start, when it was healthy, or ran where it has no
   *     health check
   */
  public record ServiceSpan(
      String service,
      String part,
      long fromMillis,
      @Nullable Long runningMillis,
      long untilMillis) {}

  /**
   * A part of the time.
   *
   * @param what a step of the run, or a service with {@code stop} or {@code start}
   */
  public record PathPart(String what, long millis) {}
}
