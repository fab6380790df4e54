package dev.orchestrator.common;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times and sizes as a person reads them. Any thread. */
public final class HumanText {
  private static final DateTimeFormatter WHEN =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

  private HumanText() {}

  /** {@code 350 ms}, {@code 4.1 s}, {@code 1 min 05 s}, {@code 2 h 07 min}, {@code 3 d 4 h}. */
  public static String time(long millis) {
    if (millis < 1000) {
      return millis + " ms";
    }
    if (millis < 59_950) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
    long seconds = Math.round(millis / 1000.0);
    if (seconds < 3600) {
      return String.format(Locale.ROOT, "%d min %02d s", seconds / 60, seconds % 60);
    }
    if (seconds < 86_400) {
      return String.format(Locale.ROOT, "%d h %02d min", seconds / 3600, seconds / 60 % 60);
    }
    return String.format(Locale.ROOT, "%d d %d h", seconds / 86_400, seconds / 3600 % 24);
  }

  /** The time between two instants; none when the clock was set back in between. */
  public static String time(Instant from, Instant to) {
    return time(Math.max(0, Duration.between(from, to).toMillis()));
  }

  /** An instant in the time zone of this process. */
  public static String when(Instant instant) {
    return WHEN.format(instant.atZone(ZoneId.systemDefault()));
  }

  /** {@code 12 B}, {@code 126.0 MB}: powers of a thousand, as Docker prints them. */
  public static String bytes(long bytes) {
    String[] units = {"kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 999.95 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
