package dev.orchestrator.capsule.image;

import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds out which images have a database server, and of which release series, by asking the server
 * for its version in a container without a network. Calls block.
 */
final class DatabaseDetector {
  private static final Duration ASK = Duration.ofSeconds(20);
  private static final String SCRIPT =
      """
      for each in mariadbd mysqld postgres /usr/sbin/mariadbd /usr/sbin/mysqld /usr/libexec/mariadbd \
        /usr/lib/postgresql/*/bin/postgres /usr/local/pgsql/bin/postgres; do
        path=$(command -v "$each") && "$path" --version && exit
      done
      """;

  private static final Pattern MARIADB = Pattern.compile("(\\d+\\.\\d+)\\.\\d+-MariaDB");
  private static final Pattern POSTGRESQL = Pattern.compile("\\(PostgreSQL\\) (\\d+)(\\.\\d+)?");
  private static final Pattern MYSQL = Pattern.compile("mysqld +Ver (\\d+\\.\\d+)");

  private final Engine engine;
  private final BuildContainers containers;

  DatabaseDetector(Engine engine, BuildContainers containers) {
    this.engine = engine;
    this.containers = containers;
  }

  /** The release series by service, such as {@code MariaDB 10.11}, of services with a database. */
  Map<String, String> of(Map<String, InnerImage> images) {
    Map<String, Optional<String>> known = new HashMap<>();
    Map<String, String> found = new TreeMap<>();
    images.forEach((service, image) ->
        known
            .computeIfAbsent(image.id(), this::detect)
            .ifPresent(database -> found.put(service, database)));
    return found;
  }

  /** Runs the script in an image; an image without a shell has none of these servers. */
  private Optional<String> detect(String image) {
    List<String> command = List.of("sh", "-c", SCRIPT);
    try (BuildContainers.Temporary helper =
        containers.create("ask", image, command, List.of(), ContainerSecurity.DEFAULT)) {
      engine.startContainer(helper.name());
      int _ = engine.awaitExit(helper.name(), ASK);
      return series(String.join("\n", engine.logs(helper.name(), 20)));
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.UNREACHABLE) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /**
   * The release series, within which a server opens the files of another version without a
   * migration: two numbers for MariaDB and MySQL, one for PostgreSQL since version 10.
   */
  static Optional<String> series(String version) {
    Matcher mariadb = MARIADB.matcher(version);
    if (mariadb.find()) {
      return Optional.of("MariaDB " + mariadb.group(1));
    }
    Matcher postgresql = POSTGRESQL.matcher(version);
    if (postgresql.find()) {
      String minor = postgresql.group(2) == null ? "" : postgresql.group(2);
      boolean old = Integer.parseInt(postgresql.group(1)) < 10;
      return Optional.of("PostgreSQL " + postgresql.group(1) + (old ? minor : ""));
    }
    Matcher mysql = MYSQL.matcher(version);
    return mysql.find() ? Optional.of("MySQL " + mysql.group(1)) : Optional.empty();
  }
}
