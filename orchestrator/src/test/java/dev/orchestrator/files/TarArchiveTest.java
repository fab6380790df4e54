package dev.orchestrator.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarArchiveTest {
  @TempDir Path folder;

  @BeforeEach
  void setUp() throws IOException {
    Files.createDirectories(folder.resolve("conf"));
    Files.writeString(folder.resolve("conf/key"), "secret");
    Files.setPosixFilePermissions(
        folder.resolve("conf/key"), PosixFilePermissions.fromString("rw-------"));
    Files.writeString(folder.resolve("big"), "0123456789");
    Files.createSymbolicLink(folder.resolve("link"), Path.of("conf/key"));
  }

  @Test
  void holdsParentsFirstWithModesOwnersTimesAndLinks() throws IOException {
    FileTime time = FileTime.from(Instant.parse("2020-05-17T10:00:00Z"));
    Files.setAttribute(folder.resolve("conf/key"), "unix:mode", 04600);
    for (String each : List.of("", "conf", "conf/key", "big")) {
      Files.setLastModifiedTime(folder.resolve(each), time);
    }
    byte[] bytes = bytes(9);
    List<String> entries = new ArrayList<>();
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new ByteArrayInputStream(bytes))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        entries.add(
            "%s %o %s".formatted(e.getName(), e.getMode() & 07777, e.getLinkName()).strip());
        if (!e.isSymbolicLink()) {
          boolean ours = List.of("a/", "c/", "c/text").contains(e.getName());
          assertEquals(ours ? FileTime.fromMillis(0) : time, e.getLastModifiedTime(), e.getName());
          Object owner = ours ? 0 : Files.getAttribute(folder, "unix:uid");
          assertEquals(owner, (int) e.getLongUserId(), e.getName());
        }
      }
    }
    assertEquals(
        List.of(
            "a/ 755",
            "a/b/ " + Integer.toOctalString((int) Files.getAttribute(folder, "unix:mode") & 07777),
            "a/b/conf/ 755",
            "a/b/conf/key 4600",
            "a/b/link 777 conf/key",
            "c/ 755",
            "c/text 644"),
        entries);
  }

  @Test
  void aTimeAloneIsNoOtherContent() throws IOException {
    assertArrayEquals(bytes(100), bytes(100));
    String digest = FileTree.digest(folder);
    String withOwners = FileTree.digestWithOwners(folder);
    Files.setLastModifiedTime(folder.resolve("big"), FileTime.fromMillis(1));
    assertEquals(digest, FileTree.digest(folder));
    assertEquals(withOwners, FileTree.digestWithOwners(folder));
    Files.setAttribute(folder.resolve("big"), "unix:mode", 01644);
    assertEquals(digest, FileTree.digest(folder));
    assertNotEquals(withOwners, FileTree.digestWithOwners(folder));
  }

  @Test
  void digestSeesContentNameModeAndLink() throws IOException {
    String digest = FileTree.digest(folder);
    Files.writeString(folder.resolve("big"), "0123456780");
    String content = FileTree.digest(folder);
    assertNotEquals(digest, content);
    Files.move(folder.resolve("big"), folder.resolve("bag"));
    String name = FileTree.digest(folder);
    assertNotEquals(content, name);
    Files.setPosixFilePermissions(
        folder.resolve("bag"), PosixFilePermissions.fromString("rwxr-xr-x"));
    String mode = FileTree.digest(folder);
    assertNotEquals(name, mode);
    Files.delete(folder.resolve("link"));
    Files.createSymbolicLink(folder.resolve("link"), Path.of("bag"));
    assertNotEquals(mode, FileTree.digest(folder));
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    Path missing = folder.resolve("missing");
    UncheckedIOException e =
        assertThrows(UncheckedIOException.class, () -> FileTree.digest(missing));
    assertEquals("can't read the folder %s: %s".formatted(missing, missing), e.getMessage());
  }

  private byte[] bytes(long limit) throws IOException {
    try (TarArchive archive = new TarArchive();
        InputStream in = archive.tree(folder, "a/b", limit).text("c/text", "words").open()) {
      byte[] bytes = in.readAllBytes();
      assertEquals(
          limit >= 10, new String(bytes, StandardCharsets.ISO_8859_1).contains("0123456789"));
      return bytes;
    }
  }
}
