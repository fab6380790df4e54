package dev.orchestrator.settings;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A figure of the stack's data that an upgrade must keep: asked of the version that serves and of
 * the new one, and compared.
 *
 * @param service the service that is asked
 * @param expect how the figure of the new version must be
 * @param timeout of one answer
 * @param bake whether it is asked again and again while the new version is watched
 */
public record Invariant(
    String name,
    String service,
    Figure figure,
    Expectation expect,
    Duration timeout,
    boolean bake) {

  /** Where the figure comes from. */
  public sealed interface Figure {}

  /**
   * The number that a query gives.
   *
   * @param database name of the database, or the absolute path of an SQLite file in the service's
   *     container; empty for the database that the service's environment names
   */
  public record Query(String database, String sql) implements Figure {}

  /**
   * The number of rows of a table.
   *
   * @param database as for a query
   * @param table its name, with that of its schema where it has one
   */
  public record Table(String database, String table) implements Figure {}

  /** The number of files at and below an absolute path of the service's container. */
  public record Files(String path) implements Figure {}

  /**
   * An answer to a GET over HTTP.
   *
   * @param port of the service, inside
   * @param number finds the number in the body, as its only group; null for the body's digest
   */
  public record Http(int port, String path, @Nullable Pattern number) implements Figure {}

  /** What is asked, in short: {@code rows of books}. A query is not told. */
  public String describe() {
    return switch (figure) {
      case Query _ -> "a query";
      case Table table -> "rows of " + table.table();
      case Files files -> "files below " + files.path();
      case Http http -> "GET %s at port %d".formatted(http.path(), http.port());
    };
  }
}
