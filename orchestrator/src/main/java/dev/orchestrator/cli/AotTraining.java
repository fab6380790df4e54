package dev.orchestrator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.client.ExitCode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/**
 * Runs the client commands once against a server with fixed answers, so that {@code scripts/build}
 * can put the classes that they load into a cache: a command then starts in half the time. Users do
 * not run this.
 */
final class AotTraining {
  private static final String RUN =
      """
      {"id":"u1","kind":"UPGRADE","fromVersion":"v1","toVersion":"v2","from":1,"to":2,
       "outcome":"DONE","reason":"","started":"2026-01-01T00:00:00Z",
       "ended":"2026-01-01T00:01:00Z"}\
      """;

  private static final Map<String, String> ANSWERS =
      Map.of(
          "/v1/status",
          """
          {"stack":"s","state":"serving","attention":"","serving":{"version":"v1","generation":1,"container":"c",
           "state":"running","since":"2026-01-01T00:00:00Z"},"services":[{"name":"db",
           "state":"running","health":"healthy","restarts":0,"heals":0,"note":""}],"routes":[{"name":"web",
           "address":"a","target":"t","gate":"open","open":0,"total":0,"heldNow":0}],
           "runningStep":"","last":%s,"engine":"e"}\
          """
              .formatted(RUN),
          "/v1/upgrades",
          "[" + RUN + "]",
          "/v1/upgrades/u1",
          """
          {"upgrade":%s,"stack":"s","steps":[{"step":"hold","phase":"done",
           "at":"2026-01-01T00:00:00Z","millis":1,"detail":""}],"copies":[],"notes":[]}\
          """
              .formatted(RUN),
          "/v1/upgrades/u1/events",
          """
          id: 1
          data: {"upgrade":"u1","sequence":1,"at":"2026-01-01T00:00:00Z","step":"hold",\
          "phase":"done","text":""}

          id: 2
          data: {"upgrade":"u1","sequence":2,"at":"2026-01-01T00:00:00Z","step":"DONE",\
          "phase":"end","text":""}

          """,
          "/v1/versions",
          """
          [{"version":"v1","state":"serving","note":""}]\
          """);

  private AotTraining() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body =
              ANSWERS.getOrDefault(exchange.getRequestURI().getPath(), "{}").getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try {
      Files.writeString(folder.resolve("api"), "127.0.0.1:" + server.getAddress().getPort());
      Path config = Files.writeString(folder.resolve("training.conf"), "home = .\n");
      for (List<String> command :
          List.of(
              List.of("status"),
              List.of("status", "--json"),
              List.of("history"),
              List.of("show", "u1"),
              List.of("versions"),
              List.of("watch", "u1"))) {
        int exitCode = Cli.run(context(config), command.toArray(String[]::new));
        if (exitCode != ExitCode.DONE) {
          throw new IllegalStateException(command + " exited with " + exitCode);
        }
      }
    } finally {
      server.stop(0);
    }
  }

  private static CliContext context(Path config) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, UTF_8);
    return new CliContext(
        new Terminal(nowhere, System.err, null, false, false, true, 80),
        Map.of("ORCHESTRATOR_CONFIG", config.toString()),
        null,
        InstantSource.system(),
        Duration.ofSeconds(1),
        AotTraining.class.getName(),
        (file, home, ownership) -> {
          throw new IllegalStateException("no command of the training run starts a service");
        });
  }
}
