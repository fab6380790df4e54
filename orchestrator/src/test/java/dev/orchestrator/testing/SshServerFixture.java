package dev.orchestrator.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * A server of ssh on loopback for the user of the test, with keys of its own, and a folder with a
 * program {@code ssh} that knows them: nothing of the user's own settings is read.
 */
public final class SshServerFixture implements AutoCloseable {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");

  private final int port = FreePorts.next();
  private final Path folder;
  private final Process process;

  /** Starts the server; returns when it accepts connections. */
  public SshServerFixture(Path folder) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(SSHD), "the package openssh-server is not installed");
    assumeTrue(
        System.getProperty("user.name").equals("root"), "sshd needs a folder that root makes");
    Files.createDirectories(Path.of("/run/sshd"));
    this.folder = folder;
    for (String key : List.of("host", "user", "stranger")) {
      run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.resolve(key).toString());
    }
    Files.copy(folder.resolve("user.pub"), folder.resolve("authorized"));
    Files.writeString(folder.resolve("known"), "* " + Files.readString(folder.resolve("host.pub")));
    Files.writeString(
        folder.resolve("sshd.conf"),
        """
        ListenAddress 127.0.0.1:%d
        HostKey %s
        AuthorizedKeysFile %s
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        Subsystem sftp internal-sftp
        """
            .formatted(port, folder.resolve("host"), folder.resolve("authorized")));
    process =
        new ProcessBuilder(
                SSHD.toString(), "-D", "-e", "-f", folder.resolve("sshd.conf").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("sshd.log").toFile())
            .start();
    while (!accepts()) {
      assertTrue(process.isAlive(), () -> "sshd has ended; see " + folder.resolve("sshd.log"));
      Thread.onSpinWait();
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false; // not yet
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), output);
  }

  /** A folder for the path, whose {@code ssh} has the user's key. */
  public Path clients() throws IOException {
    return clients("user");
  }

  /** A folder for the path, whose {@code ssh} has a key that the server does not know. */
  public Path strangers() throws IOException {
    return clients("stranger");
  }

  private Path clients(String key) throws IOException {
    Path bin = Files.createDirectories(folder.resolve("bin-" + key));
    Path ssh =
        Files.writeString(
            bin.resolve("ssh"),
            """
            #!/bin/sh
            exec /usr/bin/ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=%s -i %s "$@"
            """
                .formatted(folder.resolve("known"), folder.resolve(key)));
    Files.setPosixFilePermissions(ssh, PosixFilePermissions.fromString("rwx------"));
    return bin;
  }

  public int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
