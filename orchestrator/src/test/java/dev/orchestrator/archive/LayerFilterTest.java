package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers that the tar program has made, of every form that it knows. */
class LayerFilterTest {
  private static final String LONG = "capsule/" + "long".repeat(20) + "/" + "name".repeat(20);

  @TempDir Path folder;

  @BeforeEach
  void setUp() throws IOException {
    write("in/capsule/stack/compose.json", "{\"a\":1}");
    write("in/capsule/stack/release/key", "secret");
    write("in/capsule/z", "last");
    write("in/" + LONG, "long");
    Files.createSymbolicLink(folder.resolve("in/capsule/link"), Path.of("stack/release/key"));
    Files.createLink(folder.resolve("in/capsule/y"), folder.resolve("in/capsule/z"));
    try (RandomAccessFile holes = new RandomAccessFile(folder + "/in/capsule/holes", "rw")) {
      for (int i = 0; i < 60; i++) {
        holes.seek(i * 1_000_000L);
        holes.write(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "pax"})
  void aLayerThatHasNoneOfTheFilesComesOutAsItIs(String format) throws Exception {
    byte[] layer = layer(format);
    assertArrayEquals(
        layer,
        filtered(layer, new LayerFilter(Set.of("no"), Map.of("capsule/none", content -> content))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "pax", "ustar"})
  void filesAreLeftOutAndChangedAndNothingElse(String format) throws Exception {
    if (format.equals("ustar")) {
      Files.delete(folder.resolve("in/capsule/holes"));
    }
    String longer = "{\"a\":\"" + "x".repeat(2000) + "\"}";
    byte[] filtered =
        filtered(
            layer(format),
            new LayerFilter(
                Set.of("capsule/stack/release/key", LONG),
                Map.of(
                    "capsule/stack/compose.json",
                    content -> longer.getBytes(StandardCharsets.UTF_8))));
    Files.write(folder.resolve("filtered.tar"), filtered);
    Files.createDirectories(folder.resolve("out"));
    run("tar", "-xf", "filtered.tar", "-C", "out");
    assertEquals(longer, Files.readString(folder.resolve("out/capsule/stack/compose.json")));
    Files.delete(folder.resolve("in/capsule/stack/release/key"));
    Files.delete(folder.resolve("in/" + LONG));
    Files.delete(folder.resolve("in/capsule/stack/compose.json"));
    Files.delete(folder.resolve("out/capsule/stack/compose.json"));
    assertEquals("", run("diff", "-r", "--no-dereference", "in", "out"));
  }

  @Test
  void aSecretThatHasAnotherNameIsNotLeftOutByHalf() throws Exception {
    Files.createLink(
        folder.resolve("in/capsule/zz"), folder.resolve("in/capsule/stack/release/key"));
    byte[] layer = layer("gnu");
    LayerFilter filter = new LayerFilter(Set.of("capsule/stack/release/key"), Map.of());
    assertEquals(
        "the image has capsule/stack/release/key by the name capsule/zz, too: declare both",
        assertThrows(ArchiveException.class, () -> filtered(layer, filter)).getMessage());
  }

  @Test
  void aLayerThatIsCutOffIsNoticed() throws Exception {
    byte[] layer = layer("gnu");
    LayerFilter filter = new LayerFilter(Set.of("no"), Map.of());
    byte[] cut = Arrays.copyOf(layer, 1200);
    assertTrue(
        String.valueOf(assertThrows(IOException.class, () -> filtered(cut, filter)).getMessage())
            .contains("ends in the middle"));
  }

  @Test
  void secretsOfTheComposeFileBecomeNames() {
    SecretFilter filter =
        new SecretFilter(
            Map.of("DB_PASSWORD", "hunter2$x", "PIN", "42", "DB", "hunter2$x-and-more"),
            Set.of("secrets/key"));
    assertEquals(
        "{\"services\":{\"web\":{\"environment\":{\"DB_PASSWORD\":\"${DB_PASSWORD}\","
            + "\"PIN\":\"${PIN}\",\"OTHER\":\"42\",\"URL\":\"db://u:${DB_PASSWORD}@db/$$HOME\"},"
            + "\"command\":[\"--auth\",\"${DB}\"],\"scale\":42}}}",
        text(
            filter.compose(
                bytes(
                    "{\"services\":{\"web\":{\"environment\":{\"DB_PASSWORD\":\"hunter2$$x\","
                        + "\"PIN\":\"42\",\"OTHER\":\"42\",\"URL\":\"db://u:hunter2$$x@db/$$HOME\"},"
                        + "\"command\":[\"--auth\",\"hunter2$$x-and-more\"],\"scale\":42}}}"))));
    assertEquals(
        "{\"dirs\":[\"/data/x\"],\"variables\":[\"DB\",\"DB_PASSWORD\",\"OLD\",\"PIN\"],"
            + "\"secretFiles\":[\"secrets/key\"]}",
        text(filter.description(bytes("{\"dirs\":[\"/data/x\"],\"variables\":[\"OLD\"]}"))));
    assertEquals("secrets [DB, DB_PASSWORD, PIN] [secrets/key]", filter.toString());
  }

  /** The whole of it: no byte of a value is in the file, and the image knows its new layers. */
  @Test
  void anArchiveHasNoValueOfASecret() throws Exception {
    write("in/capsule/stack/compose.json", "{\"environment\":{\"DB_PASSWORD\":\"hunter2x\"}}");
    write("in/capsule/stack/stack.json", "{}");
    write("in/capsule/stack/release/key", "hunter2key");
    SavedImageFixture image = new SavedImageFixture("amd64", List.of(layer("pax")));
    Path file = folder.resolve("a.tar");
    try (ArchiveWriter writer = new ArchiveWriter(file, ArchiveFixture.HEAD)) {
      writer.image(
          image.saved(),
          SavedImageFixture.REFERENCE,
          new SecretFilter(Map.of("DB_PASSWORD", "hunter2x"), Set.of("key")));
      writer.secrets(
          new SecretBundle(Map.of("DB_PASSWORD", "hunter2x"), Map.of()), ArchiveFixture.PASSPHRASE);
      writer.finish(Map.of());
    }
    String whole = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertEquals(-1, whole.indexOf("hunter2"));
    assertTrue(whole.contains("\"dev.orchestrator.variables\":\"DB_PASSWORD\""));
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
      String config = whole.substring(whole.indexOf("{\"architecture\""));
      String layer = config.replaceFirst("(?s).*?\"diff_ids\":\\[\"sha256:([0-9a-f]*)\".*", "$1");
      assertTrue(
          reader.contents().entries().stream()
              .anyMatch(each -> each.name().equals("blobs/sha256/" + layer)),
          layer);
    }
  }

  @Test
  void aValueInALabelIsNotExportedInSilence() throws Exception {
    SecretFilter filter = new SecretFilter(Map.of("USER_PASSWORD", "capsule"), Set.of());
    try (ArchiveWriter writer = new ArchiveWriter(folder.resolve("a.tar"), ArchiveFixture.HEAD)) {
      assertEquals(
          "the labels of the image have the value of USER_PASSWORD: take it out of stack.conf",
          assertThrows(
                  ArchiveException.class,
                  () ->
                      writer.image(
                          ArchiveFixture.IMAGE.saved(), SavedImageFixture.REFERENCE, filter))
              .getMessage());
    }
  }

  private byte[] layer(String format) throws Exception {
    String holes = format.equals("ustar") ? "--no-xattrs" : "--sparse";
    run("tar", "--format", format, holes, "--sort=name", "-cf", "layer.tar", "-C", "in", "capsule");
    return Files.readAllBytes(folder.resolve("layer.tar"));
  }

  private static byte[] filtered(byte[] layer, LayerFilter filter) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    filter.copy(new ByteArrayInputStream(layer), out);
    return out.toByteArray();
  }

  private String run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  private void write(String file, String content) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
