package dev.orchestrator.journal;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The last rehearsal of a version: it was started on a copy of the data, out of reach, and checked.
 *
 * @param version name of the version
 * @param content digest of its content
 * @param run that it was part of
 * @param from number of the generation whose data was copied
 * @param dataAt the moment that the data was of
 * @param good whether every service and every probe was healthy
 * @param stallMillis how long the services that clients use were frozen for the copy
 * @param healthyMillis time from the start of its services until all were healthy; 0 where they
 *     were not
 * @param services milliseconds from the start of the services until this one was seen to be
 *     healthy, by service
 * @param reason what was wrong; empty where it was good
 * @param stopMillis how long its services took to stop in order; 0 where they were not good
 * @param lastPassMillis how long the last pass of the copy took, while what serves was frozen
 * @param memory the most that its capsule took, in bytes, files in memory included; 0: not known
 * @param disk what its volumes took on the disk once it was healthy, in bytes, without blocks that
 *     are shared with other files; 0: not known
 * @param changed what its start has changed
 */
public record RehearsalRecord(
    String version,
    String content,
    String run,
    int from,
    Instant dataAt,
    boolean good,
    long stallMillis,
    long healthyMillis,
    Map<String, Long> services,
    String reason,
    long stopMillis,
    long lastPassMillis,
    long memory,
    long disk,
    Changed changed) {

  /**
   * What a start has changed in the data, the checks of its health included.
   *
   * @param files that are new or were written to
   * @param bytes size of those files
   * @param tables of databases that were written to, each after its service's name and a space
   */
  public record Changed(long files, long bytes, List<String> tables) {
    public static final Changed NOTHING = new Changed(0, 0, List.of());

    public Changed {
      tables = List.copyOf(tables);
    }
  }

  public RehearsalRecord {
    services = Map.copyOf(services);
    // A service that was started before a rehearsal told this sends none.
    changed = Objects.requireNonNullElse(changed, Changed.NOTHING);
  }

  /**
   * How long an upgrade would hold clients after their connections have ended, in milliseconds: the
   * old version stops, the last difference is copied, and the new one starts and is checked. 0
   * where that is not known.
   */
  public long predictedHoldMillis() {
    return good && healthyMillis > 0 ? stopMillis + lastPassMillis + healthyMillis : 0;
  }
}
