package dev.orchestrator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A host that is reached by ssh, and whose Docker engine is another one than this host's: sshd on a
 * port of that host's, with keys of its own. Needs root, and sshd on this host.
 */
public final class SshHostFixture implements AutoCloseable {
  private static final long LIMIT_SECONDS = 30;

  private final Path folder;
  private final @Nullable NetworkNamespaceFixture network;
  private final int port = FreePorts.next();
  private @Nullable Process process;

  /**
   * Starts sshd.
   *
   * @param engine address of that host's engine
   * @param network where it is; null for this host's loopback address
   */
  public SshHostFixture(Path folder, String engine, @Nullable NetworkNamespaceFixture network) {
    this.folder = folder;
    this.network = network;
    try {
      Files.createDirectories(folder.resolve("bin"));
      Files.createDirectories(Path.of("/run/sshd"));
      key("host");
      key("user");
      Files.copy(folder.resolve("user.pub"), folder.resolve("authorized"));
      rememberKey();
      Files.writeString(
          folder.resolve("sshd_config"),
          """
          Port %d
          ListenAddress %4$s
          HostKey %2$s/host
          AuthorizedKeysFile %2$s/authorized
          PidFile none
          StrictModes no
          UsePAM no
          PermitRootLogin prohibit-password
          PasswordAuthentication no
          SetEnv DOCKER_HOST=%3$s PATH=/usr/local/bin:/usr/bin:/bin
          """
              .formatted(port, folder, engine, host()));
      Files.writeString(
          folder.resolve("client"),
          """
          IdentityFile %1$s/user
          IdentitiesOnly yes
          UserKnownHostsFile %1$s/known
          StrictHostKeyChecking yes
          """
              .formatted(folder));
      Path ssh = folder.resolve("bin/ssh");
      Files.writeString(
          ssh, "#!/bin/sh\nexec /usr/bin/ssh -F %s/client \"$@\"\n".formatted(folder));
      Files.setPosixFilePermissions(ssh, PosixFilePermissions.fromString("rwx------"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start();
  }

  private void key(String name) {
    LoopDiskFixture.run(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.resolve(name).toString());
  }

  /** Whether this host has what the fixture needs. */
  public static boolean isSupported() {
    return Files.isExecutable(Path.of("/usr/sbin/sshd"));
  }

  /** The address of that host. */
  public String host() {
    return network == null ? "127.0.0.1" : network.address();
  }

  /** The same, as for {@code move --to}. */
  public String address() {
    return "ssh://root@%s:%d".formatted(host(), port);
  }

  /** {@code PATH} of a process that is to reach it. */
  public String path() {
    return folder.resolve("bin") + ":" + System.getenv("PATH");
  }

  /** Makes its key one that is not known. */
  public void forgetKey() throws IOException {
    Files.writeString(folder.resolve("known"), "");
  }

  public void rememberKey() throws IOException {
    Files.writeString(
        folder.resolve("known"),
        "[%s]:%d %s".formatted(host(), port, Files.readString(folder.resolve("host.pub"))));
  }

  /** Starts sshd where it does not run; returns when it listens. */
  public void start() {
    if (process != null && process.isAlive()) {
      return;
    }
    try {
      String[] command = {
        "/usr/sbin/sshd", "-D", "-e", "-f", folder.resolve("sshd_config").toString()
      };
      process =
          new ProcessBuilder(network == null ? List.of(command) : network.inside(command))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("sshd.log").toFile()))
              .start();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (!answers()) {
        if (!process.isAlive() || System.nanoTime() > end) {
          throw new AssertionError(
              "sshd does not start: " + Files.readString(folder.resolve("sshd.log")));
        }
        TimeUnit.MILLISECONDS.sleep(20);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Cuts every connection and takes no more, as a host that goes away. */
  public void goAway() throws InterruptedException {
    Process running = process;
    if (running != null) {
      running.descendants().forEach(ProcessHandle::destroyForcibly);
      running.destroyForcibly();
      if (!running.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("sshd does not end");
      }
    }
  }

  @Override
  public void close() {
    try {
      goAway();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
