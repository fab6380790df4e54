package dev.orchestrator.engine;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix socket of this host whose every connection is one to the engine of another, through {@code
 * ssh HOST docker system dial-stdio}, as Docker's own command line does it. The first of them logs
 * in, the others go through that one. Thread-safe.
 */
final class SshTunnel implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(SshTunnel.class);

  /** A path of a socket may have 107 bytes, and ssh appends 17 to that of its own. */
  private static final int LONGEST_FOLDER = 80;

  private static final int MOST_ERROR_BYTES = 8192;

  private final EngineAddress address;
  private final String program;
  private final Path folder;
  private final Path socket;
  private final Duration timeout;
  private final ServerSocketChannel listener;
  private final Set<Process> processes = ConcurrentHashMap.newKeySet();
  private volatile String lastError = "";
  private volatile boolean closed;

  /**
   * Opens the socket, when the engine has answered.
   *
   * @param home the service's own folder
   * @throws EngineException with ssh's own words when the engine can't be reached
   */
  static SshTunnel open(EngineAddress address, Path home, Duration timeout) {
    return open("ssh", address, home, timeout);
  }

  static SshTunnel open(String program, EngineAddress address, Path home, Duration timeout) {
    try {
      SshTunnel tunnel = new SshTunnel(program, address, home, timeout);
      try {
        tunnel.probe();
        Thread.ofVirtual().name("ssh " + address.host()).start(tunnel::accept);
        return tunnel;
      } catch (EngineException e) {
        tunnel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new EngineException(
          Kind.UNREACHABLE,
          "connecting to the Docker engine at %s: %s".formatted(address.text(), e.getMessage()),
          e);
    }
  }

  private SshTunnel(String program, EngineAddress address, Path home, Duration timeout)
      throws IOException {
    this.program = program;
    this.address = address;
    this.timeout = timeout;
    this.folder = privateFolder(home);
    this.socket = folder.resolve("docker");
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
  }

  /** In the home where its path is short enough for a socket; only its owner can enter it. */
  private static Path privateFolder(Path home) throws IOException {
    var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Path parent = home.toAbsolutePath().normalize();
    return parent.toString().length() <= LONGEST_FOLDER && Files.isDirectory(parent)
        ? Files.createTempDirectory(parent, ".ssh", owner)
        : Files.createTempDirectory("orchestrator-ssh", owner);
  }

  Path socket() {
    return socket;
  }

  /** What ssh has said last of a connection that has failed; empty where none has. */
  String lastError() {
    return lastError;
  }

  private List<String> command(List<String> remote) {
    List<String> command = new ArrayList<>(List.of(program, "-T"));
    for (String option :
        List.of(
            "BatchMode=yes",
            "ConnectTimeout=" + Math.max(1, timeout.toSeconds()),
            "ServerAliveInterval=10",
            "ServerAliveCountMax=3",
            "ControlMaster=auto",
            "ControlPath=" + folder.resolve("m"),
            "ControlPersist=60")) {
      command.add("-o");
      command.add(option);
    }
    if (address.port() > 0) {
      command.addAll(List.of("-p", Integer.toString(address.port())));
    }
    command.add("--");
    command.add(address.target());
    command.addAll(remote);
    return command;
  }

  /** Starts ssh; its messages are read beside. */
  private Connection connect(List<String> remote) throws IOException {
    Process process = new ProcessBuilder(command(remote)).start();
    processes.add(process);
    processes.removeIf(each -> !each.isAlive());
    return new Connection(process);
  }

  /** One process of ssh. */
  private static final class Connection {
    private final Process process;
    private final StringBuilder errors = new StringBuilder();
    private final Thread reader;

    Connection(Process process) {
      this.process = process;
      this.reader = Thread.ofVirtual().start(this::readErrors);
    }

    private void readErrors() {
      try (InputStream in = process.getErrorStream()) {
        byte[] buffer = new byte[1024];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          synchronized (errors) {
            errors.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
            if (errors.length() > MOST_ERROR_BYTES) {
              errors.delete(0, errors.length() - MOST_ERROR_BYTES);
            }
          }
        }
      } catch (IOException _) {
        return; // The process was ended.
      }
    }

    /** All that it has said on standard error; waits a moment for its end. */
    String errors() throws InterruptedException {
      boolean _ = reader.join(Duration.ofSeconds(1));
      synchronized (errors) {
        return errors.toString();
      }
    }
  }

  /**
   * Asks the engine for a sign of life, so that a failure is known with its cause: of a connection
   * through the socket the caller sees nothing but its end.
   */
  private void probe() throws IOException {
    Connection connection = connect(List.of("docker", "system", "dial-stdio"));
    Process process = connection.process;
    // The master that ssh leaves behind keeps its standard error open.
    Thread killer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                if (!process.waitFor(timeout.toMillis() * 2, TimeUnit.MILLISECONDS)) {
                  process.destroyForcibly();
                }
              } catch (InterruptedException _) {
                return; // It has answered.
              }
            });
    try {
      String answer = "";
      try (OutputStream out = process.getOutputStream();
          InputStream in = process.getInputStream()) {
        out.write(
            "GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        answer = new String(in.readNBytes(12), StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        log.debug("the probe of {}: {}", address.text(), e.getMessage());
      }
      if (!answer.startsWith("HTTP/1.")) {
        boolean ended = process.waitFor(2, TimeUnit.SECONDS);
        int code = ended ? process.exitValue() : -1;
        throw new EngineException(
            Kind.UNREACHABLE,
            "connecting to the Docker engine at %s: %s"
                .formatted(address.text(), explain(address.host(), code, connection.errors())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(Kind.INTERRUPTED, "connecting to " + address.text(), e);
    } finally {
      killer.interrupt();
      process.destroy();
    }
  }

  /** What ssh or Docker there has said, and what to do about it. */
  static String explain(String host, int exitCode, String errors) {
    List<String> lines =
        errors
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("Warning: Permanently added"))
            .toList();
    String all = String.join(" / ", lines);
    String said = lines.isEmpty() ? "ssh ended with code " + exitCode : lines.getLast();
    if (all.contains("REMOTE HOST IDENTIFICATION HAS CHANGED")) {
      return "the host key of %s is not the one that is known: find out why before you replace it with 'ssh-keygen -R %s'"
          .formatted(host, host);
    }
    if (all.contains("Host key verification failed")) {
      return "the host key of %s is not known: as the user of the service, 'ssh %s' once and compare it"
          .formatted(host, host);
    }
    if (all.contains("docker: command not found")
        || all.contains("docker: not found")
        || all.contains("docker: No such file")
        || exitCode == 127) {
      return "there is no docker command on %s: install Docker there (%s)".formatted(host, said);
    }
    if (all.contains("permission denied while trying to connect")
        || (all.contains("dial unix") && all.contains("permission denied"))) {
      return "the user may not use Docker on %s: put them into its group docker, or name another user"
          .formatted(host);
    }
    if (all.contains("Permission denied")) {
      return "%s does not let the service in (%s): its user needs a key without a passphrase, or an agent"
          .formatted(host, said);
    }
    if (all.contains("Cannot connect to the Docker daemon")
        || all.contains("failed to open the raw stream connection")) {
      return "Docker is not running on %s (%s)".formatted(host, said);
    }
    return "ssh says: " + said;
  }

  private void accept() {
    while (!closed) {
      try {
        SocketChannel client = listener.accept();
        Thread.ofVirtual().name("ssh " + address.host()).start(() -> serve(client));
      } catch (IOException e) {
        if (!closed) {
          log.warn("{}: {}", address.text(), e.getMessage());
        }
        return;
      }
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      Connection connection = connect(List.of("docker", "system", "dial-stdio"));
      Process process = connection.process;
      Thread there =
          Thread.ofVirtual()
              .start(() -> {
                try (OutputStream out = process.getOutputStream()) {
                  pump(Channels.newInputStream(client), out);
                } catch (IOException _) {
                  process.destroy(); // One of the two has gone.
                }
              });
      try (InputStream in = process.getInputStream()) {
        if (pump(in, Channels.newOutputStream(client)) == 0) {
          // Before the client sees the end: it asks for the reason then.
          noteError(connection);
        }
        client.shutdownOutput();
      } finally {
        process.destroy();
        there.interrupt();
      }
    } catch (IOException e) {
      log.debug("{}: {}", address.text(), e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void noteError(Connection connection) throws InterruptedException {
    Process process = connection.process;
    if (process.waitFor(1, TimeUnit.SECONDS) && process.exitValue() != 0) {
      lastError = explain(address.host(), process.exitValue(), connection.errors());
    }
  }

  private static long pump(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long bytes = 0;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      out.write(buffer, 0, read);
      out.flush();
      bytes += read;
    }
    return bytes;
  }

  /**
   * The address of that host which ssh has reached: where it is reached from here, its ports are,
   * too.
   */
  String reachedHost() {
    try {
      Connection connection = connect(List.of("echo", "$SSH_CONNECTION"));
      Process process = connection.process;
      process.getOutputStream().close();
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        return "";
      }
      String[] words =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .strip()
              .split(" ", -1);
      return words.length == 4 ? words[2] : "";
    } catch (IOException e) {
      log.debug("{}: {}", address.text(), e.getMessage());
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** Ends all connections, and the master that ssh has left behind. */
  @Override
  public void close() throws IOException {
    closed = true;
    listener.close();
    List.copyOf(processes).forEach(Process::destroy);
    Deadline deadline = Deadline.in(Duration.ofSeconds(5));
    try {
      if (Files.exists(folder.resolve("m"))) {
        Process exit =
            new ProcessBuilder(
                    program,
                    "-o",
                    "ControlPath=" + folder.resolve("m"),
                    "-O",
                    "exit",
                    "--",
                    address.target())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!exit.waitFor(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS)) {
          exit.destroyForcibly();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Files.deleteIfExists(socket);
    Files.deleteIfExists(folder.resolve("m"));
    Files.deleteIfExists(folder);
  }
}
