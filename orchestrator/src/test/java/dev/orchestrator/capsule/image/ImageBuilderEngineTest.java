package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Building capsule images on a real engine: the same from the same, and what can't be built. */
@Tag("engine")
class ImageBuilderEngineTest {
  private static final String STACK = "light-build";

  private final Map<String, String> owner =
      Map.of(Labels.HOME, "test-" + UUID.randomUUID().toString().substring(0, 8));
  private final Engine engine = DockerEngine.connect("", Duration.ofSeconds(60));
  private final List<String> said = new ArrayList<>();
  @TempDir Path directory;
  private LightStackFixture light;
  private ImageBuilder builder;

  @BeforeEach
  void setUp() {
    light = LightStackFixture.in(directory, STACK);
    builder = new ImageBuilder(engine, light.settings(8080), owner, InstantSource.system());
  }

  @AfterEach
  void tearDown() {
    assertEquals(List.of(), engine.containers(owner));
    assertEquals(List.of(), engine.volumes(owner));
    remove("capsule");
    remove("layer");
    remove("inner");
    engine.close();
  }

  @Test
  void sameInputsGiveTheSameLayersAndOneChangedImageChangesItsOwn() {
    CapsuleImage first = builder.build("v1", said::add);
    List<String> layers = layers(first);
    assertFalse(first.cached());

    said.clear();
    CapsuleImage again = builder.build("v1", said::add);
    assertTrue(again.cached());
    assertEquals(first.content(), again.content());
    assertEquals(first.ports(), again.ports());
    assertFalse(said.stream().anyMatch(line -> line.contains("packing")), said.toString());

    remove("capsule");
    remove("layer");
    CapsuleImage anew = builder.build("v1", said::add);
    assertFalse(anew.cached());
    assertEquals(layers, layers(anew));

    said.clear();
    CapsuleImage next = builder.build("v2", said::add);
    assertNotEquals(first.content(), next.content());
    List<String> added = new ArrayList<>(layers(next));
    added.removeAll(layers);
    // The ledger's, the small index of all images, the stack's own files.
    assertEquals(3, added.size());
    assertEquals(
        List.of("adding the layer ledger.sqfs", "adding the layer index.json"),
        said.stream().filter(line -> line.startsWith("adding")).toList());
  }

  @Test
  void changedReleaseFileNeedsNoPacking() throws IOException {
    CapsuleImage before = builder.build("v1", line -> {});
    String former = engine.image(before.reference()).orElseThrow().id();
    Files.writeString(light.folder().resolve("releases/v1/greeting.txt"), "good day\n");
    CapsuleImage after = builder.build("v1", said::add);

    assertFalse(after.cached());
    assertNotEquals(before.content(), after.content());
    assertEquals(List.of(), said);
    assertTrue(engine.image(former).isEmpty(), "the image that the new one took the name of");
    // A container that a user runs from it inherits its labels, and must not be taken for ours.
    assertFalse(engine.image(after.reference()).orElseThrow().labels().containsKey(Labels.HOME));
  }

  @Test
  void composesOwnMessageIsPassedOn() throws IOException {
    compose("services: {ledger: {image: x, ports: [oops]}}");
    refused("Compose rejects compose.yaml: ", "oops");
  }

  @Test
  void probeOfAServiceThatIsNotThereIsLeftOutAndSaid() throws IOException {
    compose("services: {ledger: {image: x}}");
    String warnings = builder.check("v1").warnings().toString();
    assertTrue(
        warnings.contains(
            "probe greeter is for service greeter, which the compose file doesn't have: it is not"
                + " asked of this version; its services are: ledger"),
        warnings);
  }

  @Test
  void imageThatCannotBePulledIsNamedWithItsServiceAndReason() throws IOException {
    compose(
        "services: {ledger: {image: 'localhost:1/gone:v9'}, greeter: {image: 'localhost:1/x'}}");
    assertTrue(
        builder
            .check("v1")
            .warnings()
            .contains(
                "images that are not on this host are pulled: localhost:1/x (greeter),"
                    + " localhost:1/gone:v9 (ledger)"));
    CapsuleException e = assertThrows(CapsuleException.class, () -> builder.build("v1", said::add));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("service greeter: can't get the image localhost:1/x: "), message);
    assertTrue(
        message.contains("; service ledger: can't get the image localhost:1/gone:v9: "), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void buildThatFailsSaysWhatFailed() throws IOException {
    Files.writeString(
        light.folder().resolve("images/greeter/Dockerfile"),
        "FROM orchestrator/debian:trixie\nRUN echo no compiler >&2 && false\n");
    CapsuleException e = assertThrows(CapsuleException.class, () -> builder.build("v1", said::add));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("service greeter: can't get the image orchestrator/"), message);
    assertTrue(message.contains("no compiler"), message);
    Files.writeString(
        light.folder().resolve("images/greeter/Dockerfile"),
        "FROM orchestrator/debian:trixie\nRUN --mount=type=cache,target=/c true\n");
    refused("service greeter: ", "/images/greeter/Dockerfile:2: ", "RUN --mount");
  }

  @Test
  void versionKeepsTheImagesThatItWasLockedTo() throws IOException {
    compose("services: {ledger: {image: 'light-lock:1'}, greeter: {image: 'light-lock:1'}}");
    String another = builder.base(said::add); // made from the first one, so both are there
    String locked = tag("orchestrator/debian:trixie");
    builder.build("v1", said::add);
    tag(another);
    CapsuleImage again = builder.build("v1", said::add);

    assertTrue(again.cached());
    Path lock = light.home().resolve("locks").resolve(STACK).resolve("v1.json");
    assertTrue(Files.readString(lock).contains(locked));
    engine.removeImage("light-lock:1");
  }

  private String tag(String image) {
    engine.tag(image, "light-lock:1");
    return engine.image("light-lock:1").orElseThrow().id();
  }

  private void compose(String yaml) throws IOException {
    Files.writeString(light.folder().resolve("releases/v1/compose.yaml"), yaml);
  }

  private void refused(String... parts) {
    RefusedException e = assertThrows(RefusedException.class, () -> builder.check("v1"));
    String message = String.valueOf(e.getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private List<String> layers(CapsuleImage image) {
    return engine.image(image.reference()).orElseThrow().layers();
  }

  private void remove(String role) {
    Map<String, String> labels = Labels.with(Labels.role(role), Labels.STACK, STACK);
    for (ImageInfo image : engine.images(labels)) {
      image.tags().forEach(engine::removeImage);
    }
  }
}
