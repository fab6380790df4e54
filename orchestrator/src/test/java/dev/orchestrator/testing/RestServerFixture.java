package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A server of restic's REST protocol on loopback, for one user: that of rclone, as restic's own is
 * in no package.
 */
public final class RestServerFixture implements AutoCloseable {
  public static final String USER = "backup-user";
  public static final String PASSWORD = "rest-word/:@";
  private static final Path RCLONE = Path.of("/usr/bin/rclone");

  private final int port = FreePorts.next();
  private final Path folder;
  private final Process process;

  /** Starts the server; returns when it answers. */
  public RestServerFixture(Path folder) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(RCLONE), "the package rclone is not installed");
    this.folder = folder;
    Path log = folder.resolveSibling("rest-server.log");
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                RCLONE.toString(),
                "serve",
                "restic",
                "--config=/dev/null",
                "--addr=127.0.0.1:" + port,
                folder.toString()));
    builder.environment().put("RCLONE_USER", USER);
    builder.environment().put("RCLONE_PASS", PASSWORD);
    process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    while (!answers()) {
      assertTrue(process.isAlive(), () -> "rclone has ended; see " + log);
      Thread.onSpinWait();
    }
  }

  private boolean answers() {
    try {
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:%d/config".formatted(port)).toURL().openConnection();
      return connection.getResponseCode() > 0;
    } catch (IOException e) {
      return false; // not yet
    }
  }

  public int port() {
    return port;
  }

  public Path folder() {
    return folder;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
