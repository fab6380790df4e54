package dev.orchestrator.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TarExtractTest {
  @TempDir Path folder;

  @Test
  void aTreeComesOutAsItWas() throws Exception {
    Path from = Files.createDirectories(folder.resolve("from/sub"));
    Files.writeString(from.resolve("file"), "text");
    Files.setAttribute(from.resolve("file"), "unix:mode", 0640);
    Files.createSymbolicLink(from.resolve("link"), Path.of("file"));
    Files.setAttribute(from, "unix:mode", 0711);
    try (TarArchive archive = new TarArchive();
        InputStream tar = archive.tree(folder.resolve("from"), "x", Long.MAX_VALUE).open()) {
      TarExtract.unpack("a.tar", tar, folder.resolve("to"));
    }
    assertEquals(
        FileTree.digestWithOwners(folder.resolve("from")),
        FileTree.digestWithOwners(folder.resolve("to/x")));
    assertEquals("text", Files.readString(folder.resolve("to/x/sub/link")));
  }

  @ParameterizedTest
  @CsvSource({
    "../out, ''",
    "/out, ''",
    "a/../../out, ''",
    "link, /etc/passwd",
    "link, ../../out",
    "a/link, ../../out"
  })
  void whatLeadsOutOfTheFolderIsRefused(String name, String target) throws IOException {
    byte[] tar = tar(name, target);
    RefusedException e =
        assertThrows(
            RefusedException.class,
            () -> TarExtract.unpack("a.tar", new ByteArrayInputStream(tar), folder.resolve("to")));
    assertTrue(
        String.valueOf(e.getMessage()).contains("which leads out of its folder"), e.getMessage());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void aHardLinkIsRefused() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      TarArchiveEntry entry = new TarArchiveEntry("hard", TarConstants.LF_LINK);
      entry.setLinkName("/etc/passwd");
      tar.putArchiveEntry(entry);
      tar.closeArchiveEntry();
    }
    assertThrows(
        RefusedException.class,
        () ->
            TarExtract.unpack(
                "a.tar", new ByteArrayInputStream(bytes.toByteArray()), folder.resolve("to")));
  }

  private static byte[] tar(String name, String target) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      TarArchiveEntry entry =
          target.isEmpty()
              ? new TarArchiveEntry(name, true)
              : new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      byte[] content = target.isEmpty() ? "x".getBytes(StandardCharsets.UTF_8) : new byte[0];
      entry.setSize(content.length);
      entry.setLinkName(target);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
    return bytes.toByteArray();
  }
}
