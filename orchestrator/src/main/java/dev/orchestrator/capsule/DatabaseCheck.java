package dev.orchestrator.capsule;

/**
 * What a database's own tool has found in it.
 *
 * @param service the service whose database it is
 * @param database {@code mariadb}, {@code postgres} or {@code sqlite PATH}
 * @param text what was checked, with which tool; or what is wrong; or why it could not be checked
 */
public record DatabaseCheck(String service, String database, Result result, String text) {
  /** The result of a check. */
  public enum Result {
    GOOD,
    BAD,
    /** There is no tool for it, or the tool gets no access. */
    UNCHECKED
  }

  /** One line: {@code db, mariadb: 12 tables are good (mariadb-check)}. */
  public String line() {
    return "%s, %s: %s".formatted(service, database, text);
  }
}
