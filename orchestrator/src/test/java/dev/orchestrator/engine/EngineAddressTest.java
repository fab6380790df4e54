package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineAddress.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EngineAddressTest {
  @TempDir Path home;

  private EngineAddress parse(String text, Map<String, String> environment) {
    return EngineAddress.parse(text, environment, home);
  }

  private EngineAddress parse(String text) {
    return parse(text, Map.of());
  }

  private static void certificates(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (String file : new String[] {"ca.pem", "cert.pem", "key.pem"}) {
      Files.writeString(folder.resolve(file), file);
    }
  }

  @Test
  void sshNamesUserHostAndPort() {
    EngineAddress address = parse("ssh://deploy@host.example:2222");
    assertEquals(Transport.SSH, address.transport());
    assertEquals("deploy@host.example", address.target());
    assertEquals(2222, address.port());
    assertEquals("10.0.0.2", parse("ssh://10.0.0.2").target());
    assertEquals("fe80::1", parse("ssh://[fe80::1]").host());
  }

  @Test
  void tcpWithoutTlsIsForThisHostAlone() {
    assertEquals(2375, parse("tcp://127.0.0.1").port());
    assertEquals(4000, parse("tcp://localhost:4000").port());
    RefusedException refused =
        assertThrows(RefusedException.class, () -> parse("tcp://host.example:2375"));
    assertTrue(String.valueOf(refused.getMessage()).contains("without TLS"), refused.toString());
  }

  @Test
  void tcpTakesTheCertificatesThatDockerWouldTake() throws Exception {
    Path folder = home.resolve("certificates");
    certificates(folder);
    EngineAddress named =
        parse("tcp://host.example", Map.of("DOCKER_CERT_PATH", folder.toString()));
    assertEquals(folder, named.certificates());
    assertEquals(2376, named.port());
    certificates(home.resolve(".docker"));
    assertEquals(home.resolve(".docker"), parse("tcp://host.example:2376").certificates());
  }

  @Test
  void aContextIsReadWhereDockersCommandLineKeepsIt() throws Exception {
    context(home.resolve(".docker"), "0a1b", "lab", "ssh://root@lab.example");
    context(home.resolve(".docker"), "2c3d", "prod", "tcp://prod.example:2376");
    certificates(home.resolve(".docker/contexts/tls/2c3d/docker"));
    assertEquals("root@lab.example", parse("lab").target());
    assertEquals("lab", parse("lab").text());
    assertEquals(home.resolve(".docker/contexts/tls/2c3d/docker"), parse("prod").certificates());
    Path other = home.resolve("other");
    context(other, "4e5f", "lab", "unix:///run/other.sock");
    assertEquals(
        "/run/other.sock", parse("lab", Map.of("DOCKER_CONFIG", other.toString())).socket());
  }

  private static void context(Path config, String id, String name, String host) throws IOException {
    Path folder = Files.createDirectories(config.resolve("contexts/meta").resolve(id));
    Files.writeString(
        folder.resolve("meta.json"),
        """
        {"Name":"%s","Metadata":{},"Endpoints":{"docker":{"Host":"%s","SkipTLSVerify":false}}}
        """
            .formatted(name, host));
  }

  @Test
  void aContextThatIsNotThereOrCannotBeReadIsNamed() throws Exception {
    String none =
        String.valueOf(assertThrows(RefusedException.class, () -> parse("lab")).getMessage());
    assertTrue(none.startsWith("there is no Docker context lab"), none);
    Path folder = Files.createDirectories(home.resolve(".docker/contexts/meta/0"));
    Files.writeString(folder.resolve("meta.json"), "{");
    String damaged =
        String.valueOf(assertThrows(RefusedException.class, () -> parse("lab")).getMessage());
    assertTrue(damaged.contains("can't be read"), damaged);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|is no engine",
        "a b|is no engine",
        "-oProxyCommand=x|is no engine",
        "http://host|is no address of an engine",
        "ssh://|is no address of an engine",
        "ssh://-oProxyCommand=x|names no host",
        "ssh://-x@host|names no host",
        "ssh://host/path|has a path",
        "ssh://ho st|is no address of an engine",
      })
  void whatIsNoAddressIsRefusedInOneLine(String text, String words) {
    String refused =
        String.valueOf(assertThrows(RefusedException.class, () -> parse(text)).getMessage());
    assertTrue(refused.contains(words), refused);
    assertEquals(1, refused.lines().count());
  }
}
