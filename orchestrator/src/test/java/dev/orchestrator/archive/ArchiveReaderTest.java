package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveReaderTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void setUp() {
    file = folder.resolve("shop.tar");
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    ArchiveContents written = ArchiveFixture.withData(file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      assertEquals(ArchiveFixture.HEAD, reader.head());
      assertEquals(written, reader.contents());
      List<Long> progress = new ArrayList<>();
      reader.verify(progress::add);
      assertTrue(progress.getLast() > ArchiveFixture.DATA.length, progress.toString());
      try (InputStream data = reader.volume("data")) {
        assertArrayEquals(ArchiveFixture.DATA, data.readAllBytes());
      }
      try (InputStream media = reader.volume("media")) {
        assertArrayEquals(ArchiveFixture.MEDIA, media.readAllBytes());
      }
      assertEquals(
          Map.of("DB_PASSWORD", "hunter2"), reader.secrets(ArchiveFixture.PASSPHRASE).variables());
      assertEquals(List.of(), reader.contents().secrets().missing());
      reader.requireArchitecture("x86_64");
    }
  }

  @Test
  void withoutDataAndSecretsItTellsWhatIsMissing() throws IOException {
    ArchiveFixture.withoutSecrets(file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.verify(bytes -> {});
      assertEquals(List.of(), reader.contents().volumes());
      assertEquals(List.of("DB_PASSWORD", "secrets/key"), reader.contents().secrets().missing());
      assertEquals(Map.of("stack.conf", "routes = auto\n"), reader.contents().settings());
      try (InputStream files = reader.files()) {
        assertEquals("a tar", new String(files.readAllBytes(), StandardCharsets.UTF_8));
      }
      assertEquals(file + " has no data volume data", refusal(() -> reader.volume("data").close()));
      assertEquals(
          file + " was exported without secrets: it has none to decrypt",
          refusal(() -> reader.secrets(ArchiveFixture.PASSPHRASE)));
    }
  }

  /** An import puts the data into its volume by itself, and loads the capsule's own image. */
  @Test
  void theImageWithoutTheDataIsTheCapsulesOwn() throws IOException {
    ArchiveFixture.withData(file);
    ByteArrayOutputStream loaded = new ByteArrayOutputStream();
    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.writeImage(loaded);
    }
    assertTrue(loaded.size() < ArchiveFixture.DATA.length / 2, "the data isn't in it");
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new ByteArrayInputStream(loaded.toByteArray()))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        entries.put(e.getName(), tar.readAllBytes());
      }
    }
    String config = "blobs/sha256/" + ArchiveFixture.IMAGE.id().substring("sha256:".length());
    assertEquals(
        ArchiveFixture.IMAGE.config,
        new String(entries.getOrDefault(config, new byte[0]), StandardCharsets.UTF_8));
    String manifest =
        new String(entries.getOrDefault("manifest.json", new byte[0]), StandardCharsets.UTF_8);
    assertTrue(manifest.contains(config), manifest);
    for (byte[] layer : ArchiveFixture.IMAGE.layers) {
      String name = "blobs/sha256/" + Sha256.hex(layer);
      assertTrue(manifest.contains(name), manifest);
      assertArrayEquals(layer, entries.getOrDefault(name, new byte[0]));
    }
  }

  @Test
  void anotherPassphraseIsRefused() {
    ArchiveFixture.withData(file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      assertEquals(
          file + ": the passphrase is not the one with which the secrets were encrypted",
          refusal(() -> reader.secrets("wrong horse".toCharArray())));
    }
  }

  @Test
  void anotherArchitectureIsRefused() {
    ArchiveFixture.withoutData(file);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      assertEquals(
          file
              + " holds a stack for amd64, and the engine's host is arm64: export it on such a"
              + " host",
          refusal(() -> reader.requireArchitecture("aarch64")));
    }
  }

  /** Wherever a copy has stopped: at the end of a block, or anywhere. */
  @Test
  void aFileThatIsCutOffIsRefusedWhenItIsOpened() throws IOException {
    ArchiveFixture.withoutData(file);
    long size = Files.size(file);
    List<Long> lengths = new ArrayList<>(List.of(1L, 511L, 512L, 513L, size - 1, size - 512));
    for (long length = 1024; length < size; length += 512 * 37) {
      lengths.add(length);
    }
    new Random(7).longs(40, 1, size).forEach(lengths::add);
    for (long length : lengths) {
      Path cut = folder.resolve("cut.tar");
      Files.copy(file, cut, StandardCopyOption.REPLACE_EXISTING);
      try (RandomAccessFile opened = new RandomAccessFile(cut.toFile(), "rw")) {
        opened.setLength(length);
      }
      String said = refusal(() -> new ArchiveReader(cut));
      assertTrue(
          length < 512
              ? said.startsWith(cut + " is not a file of 'orchestrator export'")
              : said.startsWith(cut + " is cut off "),
          length + ": " + said);
    }
  }

  @Test
  void aFileThatIsCutOffInTheDataNamesThePlace() throws IOException {
    ArchiveContents contents = ArchiveFixture.withData(file);
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      opened.setLength(10_000_000);
    }
    String layer = contents.volumes().getFirst().layer().replace(":", "/");
    assertEquals(
        "%s is cut off in blobs/%s, after 9.7 MB of its 16.8 MB, at 10.0 MB: export it or copy it again"
            .formatted(file, layer),
        refusal(() -> new ArchiveReader(file)));
  }

  /** No byte of the file may be another one. */
  @Test
  void aFileThatWasAlteredIsRefused() throws IOException {
    ArchiveFixture.withoutData(file);
    byte[] whole = Files.readAllBytes(file);
    List<Integer> places = new ArrayList<>();
    for (int at = 0; at < 2048; at += 3) {
      places.add(at);
    }
    for (int at = whole.length - 8192; at < whole.length; at += 7) {
      places.add(at);
    }
    new Random(5).ints(100, 0, whole.length).forEach(places::add);
    for (int at : places) {
      byte[] altered = whole.clone();
      altered[at] = (byte) (altered[at] ^ 4);
      Path other = Files.write(folder.resolve("altered.tar"), altered);
      String said =
          refusal(() -> {
            try (ArchiveReader reader = new ArchiveReader(other)) {
              reader.verify(bytes -> {});
            }
          });
      assertTrue(said.startsWith(other + " "), at + ": " + said);
    }
  }

  @Test
  void alteredDataIsRefusedByNameAlsoWhileItIsCopied() throws IOException {
    ArchiveContents contents = ArchiveFixture.withData(file);
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      opened.seek(5_000_000);
      int before = opened.read();
      opened.seek(5_000_000);
      opened.write(before ^ 1);
    }
    String layer = contents.volumes().getFirst().layer().replace(":", "/");
    String expected =
        "%s is damaged or was altered, at blobs/%s: its digest is another one; export it or copy it again"
            .formatted(file, layer);
    try (ArchiveReader reader = new ArchiveReader(file)) {
      assertEquals(expected, refusal(() -> reader.verify(bytes -> {})));
      try (InputStream data = reader.volume("data")) {
        assertEquals(expected, refusal(() -> data.transferTo(OutputStream.nullOutputStream())));
      }
    }
  }

  @Test
  void entriesThatAreMissingAddedOrElsewhereAreRefused() throws IOException {
    ArchiveFixture.withoutData(file);
    List<byte[]> entries = rawEntries(Files.readAllBytes(file));
    byte[] end = new byte[1024];

    List<byte[]> swapped = new ArrayList<>(entries);
    swapped.set(1, entries.get(2));
    swapped.set(2, entries.get(1));
    assertDamaged(swapped, end, "it is not at its place");

    List<byte[]> missing = new ArrayList<>(entries);
    missing.remove(1);
    assertDamaged(missing, end, "it is not at its place");

    List<byte[]> added = new ArrayList<>(entries);
    added.add(2, new TarHeader("readme", 0, TarHeader.FILE).bytes(0644));
    assertDamaged(added, end, "it is not at its place");

    List<byte[]> twice = new ArrayList<>(entries);
    twice.add(entries.get(1));
    assertDamaged(twice, end, "it is there twice");

    assertDamaged(entries, new byte[1536], "something was added behind");
  }

  @Test
  void filesOfOtherProgramsAreRefusedAsThat() throws IOException {
    Files.copy(ArchiveFixture.IMAGE.saved(), file);
    String said = refusal(() -> new ArchiveReader(file));
    assertTrue(
        said.startsWith(
            file + " is not a file of 'orchestrator export': its first entry is blobs/"),
        said);
    Files.writeString(file, "Dear diary,\n".repeat(100));
    assertEquals(
        file + " is not a file of 'orchestrator export': it is no tar archive",
        refusal(() -> new ArchiveReader(file)));
    Files.write(file, new byte[0]);
    assertEquals(file + " is empty", refusal(() -> new ArchiveReader(file)));
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(1);
    }
    assertEquals(
        file + " is compressed: unpack it with gzip first", refusal(() -> new ArchiveReader(file)));
    Files.write(file, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 0, 0, 0});
    assertEquals(
        file + " is compressed: unpack it with zstd first", refusal(() -> new ArchiveReader(file)));
    assertEquals(
        "there is no file " + folder.resolve("no"),
        refusal(() -> new ArchiveReader(folder.resolve("no"))));
    assertEquals(
        folder + " is a folder, not a file of an export", refusal(() -> new ArchiveReader(folder)));
  }

  @Test
  void aNewerFormIsRefusedWithTheProgramThatWroteIt() throws IOException {
    String head = "{\"format\":2,\"program\":\"9.0\\u001b[31m\",\"stack\":{\"name\":\"shop\"}}";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(
        new TarHeader("orchestrator/archive.json", head.length(), TarHeader.FILE).bytes(0644));
    bytes.writeBytes(head.getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(new byte[TarHeader.padding(head.length()) + 1024]);
    Files.write(file, bytes.toByteArray());
    assertEquals(
        file
            + " has format 2, written by orchestrator 9.0?[31m, and this one reads up to 1:"
            + " use a newer one",
        refusal(() -> new ArchiveReader(file)));
  }

  /** What comes from a file goes to a terminal. */
  @Test
  void namesThatAreNoneAreRefused() throws IOException {
    ArchiveHead head =
        new ArchiveHead("0.1.0", "shop\u001b[2J", "1.0", "amd64", ArchiveFixture.HEAD.created());
    try (ArchiveWriter writer = new ArchiveWriter(file, head)) {
      writer.image(ArchiveFixture.IMAGE.saved(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      writer.finish(Map.of());
    }
    assertEquals(
        file
            + " is damaged or was altered, at orchestrator/contents.json: \"shop?[2J\" can't be a"
            + " name; export it or copy it again",
        refusal(() -> new ArchiveReader(file)));
  }

  /** Every entry with the blocks around it. */
  private static List<byte[]> rawEntries(byte[] whole) throws IOException {
    List<byte[]> entries = new ArrayList<>();
    int at = 0;
    while (true) {
      byte[] block = Arrays.copyOfRange(whole, at, at + TarHeader.BLOCK);
      if (TarHeader.end(block)) {
        return entries;
      }
      long size = TarHeader.read(block).size();
      int next = at + TarHeader.BLOCK + (int) size + TarHeader.padding(size);
      entries.add(Arrays.copyOfRange(whole, at, next));
      at = next;
    }
  }

  private void assertDamaged(List<byte[]> entries, byte[] end, String how) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    entries.forEach(bytes::writeBytes);
    bytes.writeBytes(end);
    Files.write(file, bytes.toByteArray());
    String said = refusal(() -> new ArchiveReader(file));
    assertTrue(said.startsWith(file + " is damaged or was altered, at "), said);
    assertTrue(said.contains(how), said);
  }

  private interface Action {
    void run() throws IOException;
  }

  private static String refusal(Action action) {
    String message = String.valueOf(assertThrows(RefusedException.class, action::run).getMessage());
    assertEquals(1, message.lines().count(), message);
    assertFalse(message.endsWith("."), message);
    return message;
  }
}
