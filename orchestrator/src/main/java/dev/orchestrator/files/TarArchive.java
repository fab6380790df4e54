package dev.orchestrator.files;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A tar archive in a temporary file. What comes from a folder has its owner, mode and time of
 * modification; texts belong to root, and their times are zero. Folders come before what they hold.
 * Closing it removes the file. A failure is an {@link UncheckedIOException} with a message of one
 * line. One thread at a time.
 */
public final class TarArchive implements AutoCloseable {
  private static final int FOLDER = 0755;
  private static final int FILE = 0644;
  private static final int SECRET = 0600;
  private static final int LINK = 0777;

  private final Path file;
  private final TarArchiveOutputStream tar;
  private final Set<String> folders = new HashSet<>();

  public TarArchive() {
    try {
      file = Files.createTempFile("orchestrator-", ".tar");
      tar = new TarArchiveOutputStream(Files.newOutputStream(file), "UTF-8");
    } catch (IOException e) {
      throw failure(e);
    }
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  /** Adds a text file; {@code name} is relative to the folder that the archive is unpacked to. */
  public TarArchive text(String name, String content) {
    return bytes(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a text file that root alone can read. */
  public TarArchive secret(String name, String content) {
    return bytes(name, content.getBytes(StandardCharsets.UTF_8), SECRET);
  }

  /** Adds a file; {@code name} is relative to the folder that the archive is unpacked to. */
  public TarArchive bytes(String name, byte[] bytes) {
    return bytes(name, bytes, FILE);
  }

  private TarArchive bytes(String name, byte[] bytes, int mode) {
    try {
      parents(name);
      TarArchiveEntry entry = entry(name, mode);
      entry.setSize(bytes.length);
      tar.putArchiveEntry(entry);
      tar.write(bytes);
      tar.closeArchiveEntry();
    } catch (IOException e) {
      throw failure(e);
    }
    return this;
  }

  /**
   * Adds everything below {@code root}, under the folder {@code prefix}. Files larger than the
   * limit are left out.
   *
   * @param limit in bytes
   */
  public TarArchive tree(Path root, String prefix, long limit) {
    return tree(root, prefix, limit, Set.of());
  }

  /**
   * Adds everything below {@code root}, under the folder {@code prefix}, but for the files that are
   * larger than the limit, and those with these names.
   *
   * @param limit in bytes
   * @param without paths relative to {@code root}
   */
  public TarArchive tree(Path root, String prefix, long limit, Set<String> without) {
    try {
      add(new FileTree.Entry("", root), prefix);
      for (FileTree.Entry found : FileTree.of(root)) {
        if (without.contains(found.name())) {
          continue;
        }
        if (!found.file() || Files.size(found.path()) <= limit) {
          add(found, prefix + "/" + found.name());
        }
      }
    } catch (IOException e) {
      throw failure(e);
    }
    return this;
  }

  /** Adds a file as it is, with its owner, mode and time. */
  public TarArchive file(Path path, String name) {
    try {
      parents(name);
      add(new FileTree.Entry(name, path), name);
    } catch (IOException e) {
      throw failure(e);
    }
    return this;
  }

  /** Adds a folder that is empty, unless the archive has it; it belongs to root. */
  public TarArchive folder(String name) {
    try {
      folder(name, FOLDER);
    } catch (IOException e) {
      throw failure(e);
    }
    return this;
  }

  /** Ends the archive and opens it for reading. */
  public InputStream open() {
    try {
      tar.close();
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void close() {
    try {
      tar.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private void add(FileTree.Entry found, String name) throws IOException {
    if (found.folder()) {
      if (folders.add(name)) {
        parents(name);
        tar.putArchiveEntry(as(found, entry(name + "/", found.mode())));
        tar.closeArchiveEntry();
      }
    } else if (found.link()) {
      TarArchiveEntry entry = as(found, new TarArchiveEntry(name, TarConstants.LF_SYMLINK));
      entry.setMode(LINK);
      entry.setLinkName(Files.readSymbolicLink(found.path()).toString());
      tar.putArchiveEntry(entry);
      tar.closeArchiveEntry();
    } else {
      TarArchiveEntry entry = as(found, entry(name, found.mode()));
      entry.setSize(Files.size(found.path()));
      tar.putArchiveEntry(entry);
      Files.copy(found.path(), tar);
      tar.closeArchiveEntry();
    }
  }

  private void folder(String name, int mode) throws IOException {
    if (folders.add(name)) {
      parents(name);
      tar.putArchiveEntry(entry(name + "/", mode));
      tar.closeArchiveEntry();
    }
  }

  private void parents(String name) throws IOException {
    int slash = name.lastIndexOf('/');
    if (slash > 0) {
      folder(name.substring(0, slash), FOLDER);
    }
  }

  private static TarArchiveEntry entry(String name, int mode) {
    TarArchiveEntry entry = owned(new TarArchiveEntry(name));
    entry.setMode(mode);
    return entry;
  }

  /** With the owner and the time that it has in its folder. */
  private static TarArchiveEntry as(FileTree.Entry found, TarArchiveEntry entry)
      throws IOException {
    entry.setIds(found.uid(), found.gid());
    entry.setNames("", "");
    entry.setLastModifiedTime(Files.getLastModifiedTime(found.path(), LinkOption.NOFOLLOW_LINKS));
    return entry;
  }

  private static TarArchiveEntry owned(TarArchiveEntry entry) {
    entry.setModTime(0);
    entry.setIds(0, 0);
    entry.setNames("", "");
    return entry;
  }

  private static UncheckedIOException failure(IOException e) {
    return new UncheckedIOException(
        "can't write a temporary archive below %s: %s"
            .formatted(System.getProperty("java.io.tmpdir"), e.getMessage()),
        e);
  }
}
