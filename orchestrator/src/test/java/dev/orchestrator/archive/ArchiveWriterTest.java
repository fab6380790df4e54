package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveWriterTest {
  @TempDir Path folder;

  /** What an engine with its own store looks at: manifest.json, configuration, layers. */
  @Test
  void anOldEngineFindsTheCapsulesImageAsItWas() throws IOException {
    Map<String, byte[]> entries = entries(withoutData());
    JsonNode image = json(entries, "manifest.json").path(0);
    assertEquals("[\"orchestrator/shop:1.0\"]", image.path("RepoTags").toString());
    byte[] config = bytes(entries, image.path("Config"));
    assertEquals(ArchiveFixture.IMAGE.config, new String(config, StandardCharsets.UTF_8));
    assertLayers(config, image.path("Layers"), entries);
  }

  /** What an engine with containerd's store looks at: index, manifest, configuration, layers. */
  @Test
  void aNewEngineFindsTheSameInTheLayoutOfOci() throws IOException {
    for (Path file : List.of(withoutData(), withData())) {
      Map<String, byte[]> entries = entries(file);
      assertEquals("{\"imageLayoutVersion\":\"1.0.0\"}", json(entries, "oci-layout").toString());
      JsonNode described = json(entries, "index.json").at("/manifests/0");
      assertEquals(
          "docker.io/orchestrator/shop:1.0",
          described.path("annotations").path("io.containerd.image.name").asText());
      assertEquals(
          "{\"architecture\":\"amd64\",\"os\":\"linux\"}", described.path("platform").toString());
      JsonNode manifest = Json.tree(new String(blob(described, entries), StandardCharsets.UTF_8));
      byte[] config = blob(manifest.path("config"), entries);
      JsonNode docker = json(entries, "manifest.json").path(0);
      assertArrayEquals(bytes(entries, docker.path("Config")), config);
      List<String> layers = new ArrayList<>();
      for (JsonNode each : manifest.path("layers")) {
        blob(each, entries);
        assertEquals("application/vnd.oci.image.layer.v1.tar", each.path("mediaType").asText());
        layers.add(
            "\"blobs/sha256/" + each.path("digest").asText().substring("sha256:".length()) + "\"");
      }
      assertEquals(docker.path("Layers").toString(), "[" + String.join(",", layers) + "]");
    }
  }

  @Test
  void withDataTheImageHasMoreLayersAndKeepsAllElse() throws IOException {
    Path file = withData();
    Map<String, byte[]> entries = entries(file);
    JsonNode image = json(entries, "manifest.json").path(0);
    byte[] config = bytes(entries, image.path("Config"));
    // Two volumes, and the list of them.
    assertEquals(5, image.path("Layers").size());
    assertLayers(config, image.path("Layers"), entries);
    JsonNode read = Json.tree(new String(config, StandardCharsets.UTF_8));
    assertEquals("[1.5]", read.path("unknown").toString());
    assertEquals("capsule", read.at("/config/Labels/dev.orchestrator.role").asText());
    assertEquals(64, read.at("/config/Labels/dev.orchestrator.data").asText().length());
    List<String> history = new ArrayList<>();
    read.path("history").forEach(each -> history.add(each.path("created_by").asText()));
    assertEquals(
        List.of(
            "base",
            "ENV",
            "COPY",
            "orchestrator export: data of volume data",
            "orchestrator export: data of volume media",
            "orchestrator export: list of the data"),
        history);
  }

  @Test
  void theDataIsInTheImageAsPartsOfItsStream() throws IOException {
    Map<String, byte[]> entries = entries(withData());
    JsonNode layers = json(entries, "manifest.json").path(0).path("Layers");
    Map<String, byte[]> parts = entries(bytes(entries, layers.path(2)));
    assertEquals(
        List.of(
            "capsule/data/data/00000000",
            "capsule/data/data/00000001",
            "capsule/data/data/00000002"),
        List.copyOf(parts.keySet()));
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    parts.values().forEach(joined::writeBytes);
    assertArrayEquals(ArchiveFixture.DATA, joined.toByteArray());
    JsonNode list = json(entries(bytes(entries, layers.path(4))), "capsule/data/index.json");
    assertEquals("data", list.at("/volumes/0/name").asText());
    assertEquals(6_000, list.at("/volumes/1/bytes").asLong());
    assertEquals("none", list.at("/volumes/1/compression").asText());
  }

  @Test
  void theContentsNameEveryEntryAndTheCapsulesOwnImage() throws IOException {
    Path file = folder.resolve("a");
    ArchiveContents contents = ArchiveFixture.withData(file);
    assertEquals(ArchiveFixture.IMAGE.id(), contents.image().id());
    assertNotEquals(contents.image().id(), contents.image().loaded());
    Map<String, byte[]> entries = entries(file);
    entries.remove("orchestrator/contents.json");
    entries.remove("orchestrator/contents.sha256");
    List<String> there = new ArrayList<>();
    entries.forEach((name, content) -> there.add(name + " " + Sha256.hex(content)));
    assertEquals(
        there, contents.entries().stream().map(each -> each.name() + " " + each.sha256()).toList());
    assertTrue(there.get(0).startsWith("orchestrator/archive.json "), there.get(0));
  }

  /** Docker 20.10 reads tar files with Go's library; this is GNU's. */
  @Test
  void tarReadsIt() throws Exception {
    Process tar =
        new ProcessBuilder("tar", "-tvf", withData().toString()).redirectErrorStream(true).start();
    String said = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, tar.waitFor(), said);
    assertTrue(said.contains("manifest.json"), said);
  }

  @Test
  void oldAndNewFormsOfTheEngineGiveTheSameImage() {
    Path old = folder.resolve("old");
    try (ArchiveWriter writer = new ArchiveWriter(old, ArchiveFixture.HEAD)) {
      writer.image(ArchiveFixture.IMAGE.old(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      assertEquals(
          ArchiveFixture.withoutData(folder.resolve("new")).image(),
          writer.finish(Map.of()).image());
    }
  }

  @Test
  void aDamagedStreamOfTheEngineLeavesNothing() throws IOException {
    Path file = folder.resolve("a.tar");
    try (ArchiveWriter writer = new ArchiveWriter(file, ArchiveFixture.HEAD)) {
      InputStream damaged = ArchiveFixture.IMAGE.saved("x");
      String said =
          message(
              ArchiveException.class,
              () -> writer.image(damaged, SavedImageFixture.REFERENCE, SecretFilter.NONE));
      assertTrue(said.startsWith("the engine's image is damaged: blobs/sha256/"), said);
    }
    try (ArchiveWriter writer = new ArchiveWriter(file, ArchiveFixture.HEAD)) {
      InputStream cut = new ByteArrayInputStream(ArchiveFixture.IMAGE.saved().readNBytes(100_000));
      String said =
          message(
              ArchiveException.class,
              () -> writer.image(cut, SavedImageFixture.REFERENCE, SecretFilter.NONE));
      assertTrue(said.startsWith("can't write " + file + ": "), said);
    }
    assertEmpty();
  }

  @Test
  void anImageForAnotherMachineThanTheStackIsNoticed() throws IOException {
    try (ArchiveWriter writer = new ArchiveWriter(folder.resolve("a"), ArchiveFixture.HEAD)) {
      InputStream other = new SavedImageFixture("arm64").saved();
      assertEquals(
          "image orchestrator/shop:1.0 is for arm64, and the stack for amd64",
          message(
              ArchiveException.class,
              () -> writer.image(other, SavedImageFixture.REFERENCE, SecretFilter.NONE)));
    }
    assertEmpty();
  }

  @Test
  void dataThatComesOutEmptyIsNoData() throws IOException {
    try (ArchiveWriter writer = new ArchiveWriter(folder.resolve("a"), ArchiveFixture.HEAD)) {
      writer.image(ArchiveFixture.IMAGE.saved(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      assertEquals(
          "the data of volume data came out empty",
          message(
              ArchiveException.class,
              () -> writer.volume("data", InputStream.nullInputStream(), 0, 0)));
    }
    assertEmpty();
  }

  @Test
  void aNameThatIsTakenIsRefusedAndStaysAsItIs() throws IOException {
    Path file = Files.writeString(folder.resolve("a.tar"), "mine");
    assertEquals(
        file + " exists: choose another name, or replace it with --force",
        message(RefusedException.class, () -> new ArchiveWriter(file, ArchiveFixture.HEAD)));
    assertEquals("mine", Files.readString(file));
    assertEquals(
        "there is no folder %s/no: make it first".formatted(folder),
        message(
            RefusedException.class,
            () -> new ArchiveWriter(folder.resolve("no/a"), ArchiveFixture.HEAD)));
  }

  @Test
  void nobodyElseMayReadIt() throws IOException {
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(withData())));
  }

  @Test
  void twoExportsToOneNameDoNotMix() {
    Path file = folder.resolve("a.tar");
    try (ArchiveWriter first = new ArchiveWriter(file, ArchiveFixture.HEAD)) {
      assertEquals(
          "another export writes %s now: wait for it".formatted(file),
          message(RefusedException.class, () -> new ArchiveWriter(file, ArchiveFixture.HEAD)));
      first.image(ArchiveFixture.IMAGE.saved(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      first.finish(Map.of());
    }
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
    }
  }

  @Test
  void whatAKilledExportLeftIsWrittenOver() throws IOException {
    Path file = folder.resolve("a.tar");
    Files.write(folder.resolve("a.tar.part"), new byte[5_000_000]);
    ArchiveFixture.withoutData(file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void sizesBeyondEightGigabytesAreWrittenAsGnuTarDoes() throws IOException {
    for (long size : new long[] {0, 511, (1L << 33) - 1, 1L << 33, 5L << 40}) {
      byte[] block = new TarHeader("blobs/sha256/a", size, TarHeader.FILE).bytes(0644);
      TarArchiveEntry read = new TarArchiveEntry(block);
      assertTrue(read.isCheckSumOK());
      assertEquals(size, read.getSize());
      assertEquals(0644, read.getMode());
      assertEquals("blobs/sha256/a", read.getName());
      assertEquals(new TarHeader("blobs/sha256/a", size, TarHeader.FILE), TarHeader.read(block));
    }
  }

  private Path withoutData() {
    Path file = folder.resolve("without.tar");
    ArchiveFixture.withoutData(file);
    return file;
  }

  private Path withData() {
    Path file = folder.resolve("with.tar");
    ArchiveFixture.withData(file);
    return file;
  }

  private void assertEmpty() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  /** Layers are those that the configuration names, byte by byte. */
  private static void assertLayers(byte[] config, JsonNode layers, Map<String, byte[]> entries) {
    JsonNode diffs = Json.tree(new String(config, StandardCharsets.UTF_8)).at("/rootfs/diff_ids");
    assertEquals(diffs.size(), layers.size());
    for (int i = 0; i < diffs.size(); i++) {
      assertEquals(diffs.path(i).asText(), "sha256:" + Sha256.hex(bytes(entries, layers.path(i))));
    }
  }

  private static byte[] blob(JsonNode descriptor, Map<String, byte[]> entries) {
    String digest = descriptor.path("digest").asText().substring("sha256:".length());
    byte[] blob = entries.getOrDefault("blobs/sha256/" + digest, new byte[0]);
    assertEquals(digest, Sha256.hex(blob));
    assertEquals(descriptor.path("size").asLong(), blob.length);
    return blob;
  }

  private static byte[] bytes(Map<String, byte[]> entries, JsonNode name) {
    return entries.getOrDefault(name.asText(), new byte[0]);
  }

  private static JsonNode json(Map<String, byte[]> entries, String name) {
    return Json.tree(new String(entries.getOrDefault(name, new byte[0]), StandardCharsets.UTF_8));
  }

  private static Map<String, byte[]> entries(Path file) throws IOException {
    return entries(Files.readAllBytes(file));
  }

  private static Map<String, byte[]> entries(byte[] file) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new ByteArrayInputStream(file))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        if (e.isFile()) {
          assertNull(entries.put(e.getName(), tar.readAllBytes()), e.getName());
        }
      }
    }
    return entries;
  }

  private static String message(Class<? extends RuntimeException> type, Runnable action) {
    String message = String.valueOf(assertThrows(type, action::run).getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }
}
