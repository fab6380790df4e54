package dev.orchestrator.capsule.image;

import dev.orchestrator.compose.BuildHelpers;
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
 * Which images hold a database server, and of which release series: the servers themselves are
 * asked, in a container without a network. Calls block.
 */
final class DatabaseDetector {
  private static final Duration ASK = Duration.ofSeconds(20);
  private static final String QUESTION =
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
  private final BuildHelpers helpers;

  DatabaseDetector(Engine engine, BuildHelpers helpers) {
    this.engine = engine;
    this.helpers = helpers;
  }

  /** By service, such as {@code MariaDB 10.11}; services without a database are not in it. */
  Map<String, String> of(Map<String, InnerImage> images) {
    Map<String, Optional<String>> known = new HashMap<>();
    Map<String, String> found = new TreeMap<>();
    images.forEach((service, image) ->
        known
            .computeIfAbsent(image.id(), this::ask)
            .ifPresent(database -> found.put(service, database)));
    return found;
  }

  /** An image without a shell says nothing, and has none of these. */
  private Optional<String> ask(String image) {
    List<String> command = List.of("sh", "-c", QUESTION);
    try (BuildHelpers.Helper helper =
        helpers.create("ask", image, command, List.of(), ContainerSecurity.DEFAULT)) {
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
   * The series within which a server takes the files of another without ado: two numbers of MariaDB
   * and MySQL, one of PostgreSQL since its 10.
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
