package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A WebDAV server that containers of this host's engine reach, with a folder of the test. */
public final class WebdavServerFixture implements AutoCloseable {
  private static final Path RCLONE = Path.of("/usr/bin/rclone");

  private final int port = FreePorts.next();
  private final Process process;

  /** Starts the server; returns when it answers. */
  public WebdavServerFixture(Path folder) throws IOException {
    assumeTrue(Files.isExecutable(RCLONE), "the package rclone is not installed");
    Path log = folder.resolveSibling("webdav-server.log");
    process =
        new ProcessBuilder(
                List.of(
                    RCLONE.toString(),
                    "serve",
                    "webdav",
                    "--config=/dev/null",
                    "--addr=0.0.0.0:" + port,
                    folder.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    while (!answers()) {
      assertTrue(process.isAlive(), () -> "rclone has ended; see " + log);
      Thread.onSpinWait();
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false; // not yet
    }
  }

  public int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
