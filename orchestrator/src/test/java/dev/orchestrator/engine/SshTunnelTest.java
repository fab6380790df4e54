package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With a program in place of ssh that does what ssh would. */
class SshTunnelTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @TempDir Path home;

  private final EngineAddress address = EngineAddress.parse("ssh://root@host.example:2222");

  private String program(String script) throws IOException {
    Path file = home.resolve("ssh");
    Files.writeString(file, "#!/bin/bash\necho \"$*\" >>%s\n%s\n".formatted(log(), script));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return file.toString();
  }

  private Path log() {
    return home.resolve("log");
  }

  @Test
  void everyConnectionToTheSocketIsOneOfSsh() throws Exception {
    // Answers the probe, and says everything else again.
    String ssh =
        program(
            "IFS= read -r line; [[ $line != GET* ]] || { printf 'HTTP/1.1 200 OK\\r\\n'; exit; };"
                + " echo \"$line\"; exec cat");
    try (SshTunnel tunnel = SshTunnel.open(ssh, address, home, LIMIT)) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(tunnel.socket())));
      assertEquals(
          "rwx------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(tunnel.socket().getParent())));
      for (String text : List.of("one\n", "two\nand more\n")) {
        try (SocketChannel channel =
            SocketChannel.open(UnixDomainSocketAddress.of(tunnel.socket()))) {
          Channels.newOutputStream(channel).write(text.getBytes(StandardCharsets.UTF_8));
          channel.shutdownOutput();
          assertEquals(
              text,
              new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8));
        }
      }
    }
    List<String> calls = Files.readAllLines(log());
    assertEquals(3, calls.size());
    assertTrue(
        calls.stream()
            .allMatch(call ->
                call.contains("BatchMode=yes")
                    && call.endsWith("-p 2222 -- root@host.example docker system dial-stdio")),
        calls.toString());
    try (Stream<Path> left = Files.list(home)) {
      assertFalse(left.anyMatch(path -> path.getFileName().toString().startsWith(".ssh")));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Host key verification failed.|255|the host key of host.example is not known",
        "root@host.example: Permission denied (publickey).|255|host.example does not let the"
            + " service in",
        "ssh: connect to host host.example port 22: Connection refused|255|ssh says: ssh: connect"
            + " to host host.example port 22: Connection refused",
        "ssh: Could not resolve hostname host.example: Name or service not known|255|ssh says: ssh:"
            + " Could not resolve hostname",
        "bash: line 1: docker: command not found|127|there is no docker command on host.example",
        "permission denied while trying to connect to the Docker daemon socket|1|the user may not"
            + " use Docker on host.example",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it"
            + " running?|1|Docker is not running on host.example",
        "''|3|ssh ended with code 3",
      })
  void whatSshSaysIsTheError(String said, int code, String words) throws Exception {
    String ssh = program("printf '%%s\\n' '%s' >&2; exit %d".formatted(said, code));
    EngineException failure =
        assertThrows(EngineException.class, () -> SshTunnel.open(ssh, address, home, LIMIT));
    String message = String.valueOf(failure.getMessage());
    assertEquals(EngineException.Kind.UNREACHABLE, failure.kind());
    assertTrue(message.contains(words), message);
    assertTrue(message.startsWith("connecting to the Docker engine at ssh://"), message);
    try (Stream<Path> left = Files.list(home)) {
      assertFalse(left.anyMatch(path -> path.getFileName().toString().startsWith(".ssh")));
    }
  }

  @Test
  void whatIsLostLaterIsKnownWithItsCause() throws Exception {
    String ssh =
        program(
            "[[ ! -e %s ]] || { echo 'Host key verification failed.' >&2; exit 255; }; IFS= read -r line; printf 'HTTP/1.1 200 OK\\r\\n'"
                .formatted(home.resolve("lost")));
    try (SshTunnel tunnel = SshTunnel.open(ssh, address, home, LIMIT)) {
      Files.createFile(home.resolve("lost"));
      try (SocketChannel channel =
          SocketChannel.open(UnixDomainSocketAddress.of(tunnel.socket()))) {
        assertEquals(0, Channels.newInputStream(channel).readAllBytes().length);
      }
      assertTrue(tunnel.lastError().contains("is not known"), tunnel.lastError());
    }
  }
}
