package dev.orchestrator.registry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveFixture;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.archive.ArchiveWriter;
import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Archives to a registry and back, with all that a registry may answer. */
@Timeout(60)
class RegistryTest {
  @TempDir Path folder;
  private FakeRegistry registry;

  @BeforeEach
  void start() throws IOException {
    registry = new FakeRegistry();
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private Map<String, String> environment() {
    return Map.of("DOCKER_CONFIG", folder.toString());
  }

  private long push(String tag) {
    return push(tag, true);
  }

  private long push(String tag, boolean large) {
    try (RegistryTarget target =
        new RegistryTarget(registry.place(tag), environment(), bytes -> {})) {
      target.expect(ArchiveFixture.digests());
      try (ArchiveWriter writer = new ArchiveWriter(target, ArchiveFixture.HEAD)) {
        ArchiveContents _ = ArchiveFixture.fill(writer, large);
      }
      return target.sent();
    }
  }

  private RegistrySource.Got pull(String tag, Path file) {
    try (RegistrySource source = new RegistrySource(registry.place(tag), environment())) {
      return source.get(file, false, bytes -> {});
    }
  }

  @Test
  void whatIsPulledIsTheFileOfAnExport() throws Exception {
    long sent = push("1.0");
    assertEquals(registry.received, sent);
    Path file = folder.resolve("a.tar");
    Path exported = folder.resolve("b.tar");
    try (ArchiveWriter writer = new ArchiveWriter(exported, ArchiveFixture.HEAD)) {
      ArchiveContents _ = ArchiveFixture.fill(writer, true);
    }
    RegistrySource.Got got = pull("1.0", file);
    assertEquals(Files.size(file), got.received());
    try (ArchiveReader reader = new ArchiveReader(file);
        ArchiveReader other = new ArchiveReader(exported)) {
      reader.verify(bytes -> {});
      assertEquals(other.contents(), reader.contents());
    }
    assertArrayEquals(Files.readAllBytes(exported), Files.readAllBytes(file));
    assertFalse(Files.exists(folder.resolve("a.tar.part")));
    String manifest = new String(registry.manifests.get("1.0"), StandardCharsets.UTF_8);
    assertTrue(manifest.contains("application/vnd.oci.image.layer.v1.tar"), manifest);
    String taken =
        String.valueOf(assertThrows(RefusedException.class, () -> pull("1.0", file)).getMessage());
    assertTrue(taken.contains("a.tar exists"), taken);
  }

  @Test
  void whatIsThereIsNotSentAgain() {
    assertTrue(push("1.0", false) > 100_000);
    assertEquals(0, push("1.1", false));
  }

  @Test
  void aLayerThatIsCutOffGoesOnWhereItWas() throws Exception {
    AtomicInteger cuts = new AtomicInteger();
    registry.fault =
        exchange -> {
          if (!FakeRegistry.line(exchange).startsWith("PATCH") || cuts.incrementAndGet() > 2) {
            return false;
          }
          try {
            registry.add(
                exchange.getRequestURI().getPath().replaceFirst(".*/", ""),
                exchange.getRequestBody().readNBytes(100_000));
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
          return true; // Closed without an answer.
        };
    push("1.0");
    Path file = folder.resolve("a.tar");
    registry.fault = exchange -> false;
    RegistrySource.Got _ = pull("1.0", file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
    }
    assertTrue(cuts.get() > 2);
  }

  @Test
  void aPullThatWasKilledGoesOnWhereItWas() throws Exception {
    push("1.0");
    Path whole = folder.resolve("whole.tar");
    pull("1.0", whole);
    byte[] bytes = Files.readAllBytes(whole);
    for (int there : new int[] {100, 512, 70_000, bytes.length / 2, bytes.length - 1500}) {
      Path file = folder.resolve("a" + there);
      Files.write(folder.resolve("a" + there + ".part"), Arrays.copyOf(bytes, there));
      RegistrySource.Got got = pull("1.0", file);
      assertArrayEquals(bytes, Files.readAllBytes(file));
      assertTrue(got.kept() > there - 70_000 || there < 1000, there + ": " + got);
    }
    // What was altered meanwhile is not kept.
    byte[] altered = Arrays.copyOf(bytes, bytes.length / 2);
    altered[600] ^= 1;
    Files.write(folder.resolve("b.part"), altered);
    pull("1.0", folder.resolve("b"));
    assertArrayEquals(bytes, Files.readAllBytes(folder.resolve("b")));
  }

  @Test
  void aBlobThatIsAnotherIsRefusedAndNothingHasTheName() {
    push("1.0");
    String large =
        registry.blobs.entrySet().stream()
            .max(Comparator.comparingInt(each -> each.getValue().length))
            .orElseThrow()
            .getKey();
    Objects.requireNonNull(registry.blobs.get(large))[7] ^= 1;
    Path file = folder.resolve("a.tar");
    String said =
        String.valueOf(assertThrows(RefusedException.class, () -> pull("1.0", file)).getMessage());
    assertTrue(said.contains("has another digest than it should have"), said);
    assertFalse(Files.exists(file));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET /v2/|401|wants a login of a kind
          GET /v2/|500|answers 500, quota: look at its log
          GET /v2/|429|has had too many requests (429): try again later
          GET /v2/|404|has no such thing (404)
          POST .*|401|refuses the login for team/shop (401)
          POST .*|403|does not allow it (403), quota
          PATCH .*|429|has had too many requests (429)
          PATCH .*|500|answers 500, quota: look at its log
          PUT .*uploads.*|400|answers 400, quota
          PUT .*manifests.*|500|answers 500
          POST .*|202|is no registry: it names no place
          """)
  void whatItAnswersIsSaidInOneLine(String requests, int status, String line) {
    registry.answers(requests, status, "{\"errors\":[{\"message\":\"quota\"}]}");
    String said =
        String.valueOf(assertThrows(RegistryException.class, () -> push("1.0")).getMessage());
    assertTrue(said.contains(line), said);
    assertFalse(said.contains("\n"), said);
    assertFalse(registry.manifests.containsKey("1.0"), "no tag for half an image");
  }

  @Test
  void garbageIsSaidInOneLine() {
    push("1.0");
    registry.answers("GET .*manifests.*", 200, "<html>a page\n</html>");
    String said =
        String.valueOf(
            assertThrows(RegistryException.class, () -> pull("1.0", folder.resolve("a")))
                .getMessage());
    assertTrue(said.contains("is no registry: its answer is not JSON"), said);
    registry.fault = exchange -> false;
    String missing =
        String.valueOf(
            assertThrows(RegistryException.class, () -> pull("2.0", folder.resolve("a")))
                .getMessage());
    assertTrue(missing.contains("check the name and the tag"), missing);
  }

  @Test
  void theLoginIsThatOfDocker() throws Exception {
    registry.login = "user:word";
    String said =
        String.valueOf(assertThrows(RegistryException.class, () -> push("1.0")).getMessage());
    assertEquals(
        "registry %s wants a login: 'docker login %s' first"
            .formatted(registry.host(), registry.host()),
        said);
    login("user:other");
    String refused =
        String.valueOf(assertThrows(RegistryException.class, () -> push("1.0")).getMessage());
    assertTrue(refused.contains("refuses the login for team/shop (401)"), refused);
    login("user:word");
    push("1.0");
  }

  private void login(String login) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}"
            .formatted(
                registry.host(),
                Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8))));
  }

  @ParameterizedTest
  @CsvSource({"shop", "shop:1", "team/shop:1", "registry.example/shop", "registry.example/Shop:1"})
  void aPlaceIsARegistryANameAndATag(String text) {
    assertThrows(RefusedException.class, () -> RegistryReference.parse(text));
  }

  @Test
  void nobodyAnswers() {
    RegistryReference place = registry.place("1.0");
    registry.close();
    String said =
        String.valueOf(
            assertThrows(
                    RegistryException.class,
                    () -> new RegistryTarget(place, environment(), bytes -> {}))
                .getMessage());
    assertTrue(said.contains("nothing answers at " + place.host()), said);
  }
}
