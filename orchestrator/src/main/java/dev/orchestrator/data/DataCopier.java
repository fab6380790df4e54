package dev.orchestrator.data;

import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/** Copies data volumes in helper containers; no data passes through the JVM. Calls block. */
public interface DataCopier {

  /**
   * Makes {@code to} the same as {@code from}: rsync with both volumes mounted, {@code from}
   * read-only. Run again, it moves the difference alone. Flushed to disk when it returns.
   *
   * @param labels of the helper container
   */
  CopyReport copy(
      String from,
      String to,
      Pass pass,
      Map<String, String> labels,
      Duration deadline,
      Consumer<String> progress);

  /** Whether {@code from} may change while it is copied. */
  enum Pass {
    /** It may: files that vanish meanwhile are no failure. */
    LIVE,
    /** It may not: what is database-like is compared by content. */
    FINAL
  }

  /**
   * Compares the two sides, metadata of all files and content of database-like ones; returns the
   * number of entries compared. A difference is a {@link DataException} that names the first.
   */
  long verify(String from, String to, Map<String, String> labels, Duration deadline);

  /** What a volume takes, and what is left where it lives. */
  Space space(String volume, Map<String, String> labels);
}
