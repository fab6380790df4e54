package dev.orchestrator.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * The tables of the SQLite files in a data volume.
 *
 * @param uncounted files whose tables are not among them
 */
public record SqliteTables(List<Table> tables, List<Uncounted> uncounted) {
  private static final String SCRIPT = "sqlite-tables";

  /**
   * A table.
   *
   * @param file path in the volume
   * @param rows their number, of one moment for all tables of a file
   */
  public record Table(String file, String table, long rows) {}

  /** A file whose rows could not be counted, or not in time. */
  public record Uncounted(String file, String reason) {}

  public SqliteTables {
    tables = List.copyOf(tables);
    uncounted = List.copyOf(uncounted);
  }

  /**
   * The command that counts where services run.
   *
   * @param folder where the volume is
   * @param limit of the whole count; what is not counted by then is told
   */
  public static List<String> commandForLive(String folder, Duration limit) {
    return command("live", folder, limit);
  }

  /** The command that counts what nobody writes to. */
  static List<String> commandAtRest(String folder, Duration limit) {
    return command("rest", folder, limit);
  }

  private static List<String> command(String mode, String folder, Duration limit) {
    try (InputStream in = SqliteTables.class.getResourceAsStream(SCRIPT)) {
      String script =
          new String(Objects.requireNonNull(in, SCRIPT).readAllBytes(), StandardCharsets.UTF_8);
      return List.of(
          "bash",
          "-c",
          script,
          SCRIPT,
          mode,
          folder,
          Long.toString(Math.max(1, limit.toSeconds())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
