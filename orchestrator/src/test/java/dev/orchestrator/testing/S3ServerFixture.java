package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server of S3 on loopback: OpenStack Swift, from the packages of Debian. To be had with {@code
 * -Ds3}, as its root takes a minute to make.
 */
public final class S3ServerFixture implements AutoCloseable {
  public static final String USER = "test:tester";
  public static final String SECRET = "testing";
  private static final Path SCRIPT = Path.of("../scripts/lib/s3-server");

  private final int port = FreePorts.next();
  private final Path folder;
  private final Process process;

  /** Starts the server; returns when it answers. */
  public S3ServerFixture(Path folder) throws IOException {
    assumeTrue(System.getProperty("s3") != null, "to be had with -Ds3");
    this.folder = folder;
    process =
        new ProcessBuilder(List.of(SCRIPT.toString(), folder.toString(), Integer.toString(port)))
            .redirectError(folder.resolveSibling("s3-server.log").toFile())
            .start();
    assertEquals("ready", process.inputReader().readLine(), "see s3-server.log");
  }

  public int port() {
    return port;
  }

  /** The certificate by which clients know it. */
  public Path certificate() {
    return folder.resolve("cert.pem");
  }

  @Override
  public void close() throws IOException {
    // It ends with its input.
    process.outputWriter().close();
    process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
