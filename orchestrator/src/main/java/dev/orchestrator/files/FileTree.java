package dev.orchestrator.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder's files in a fixed order, from which digests and archives are made. A folder that can't
 * be read is an {@link UncheckedIOException} whose message is one line with the folder's path.
 */
public final class FileTree {
  private static final int PERMISSIONS = 0777;

  private FileTree() {}

  /** A file, folder or symbolic link; {@code name} is relative to the root, with slashes. */
  public record Entry(String name, Path path) {
    boolean link() {
      return Files.isSymbolicLink(path);
    }

    boolean folder() {
      return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    public boolean file() {
      return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** The permission bits: a private key must stay private inside. */
    int mode() throws IOException {
      // "unix:mode" has the file's type in its upper bits.
      return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & PERMISSIONS;
    }
  }

  /** Everything below {@code root}, sorted by name; sockets and devices are left out. */
  public static List<Entry> of(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths
          .filter(path -> !path.equals(root))
          .map(path -> new Entry(root.relativize(path).toString(), path))
          .filter(entry -> entry.link() || entry.folder() || entry.file())
          .sorted(Comparator.comparing(Entry::name))
          .toList();
    } catch (IOException e) {
      throw unreadable(root, e);
    } catch (UncheckedIOException e) {
      throw unreadable(root, new IOException(e.getMessage(), e));
    }
  }

  /** Digest of the names, modes and contents of everything below {@code root}. */
  public static String digest(Path root) {
    ContentDigest digest = new ContentDigest();
    try {
      for (Entry entry : of(root)) {
        digest.add(entry.name());
        if (entry.link()) {
          digest.add("link").add(Files.readSymbolicLink(entry.path()).toString());
        } else {
          digest.add(Integer.toOctalString(entry.mode()));
          digest.add(entry.folder() ? "folder" : "file");
          if (entry.file()) {
            digest.add(entry.path());
          }
        }
      }
    } catch (IOException e) {
      throw unreadable(root, e);
    }
    return digest.hex();
  }

  private static UncheckedIOException unreadable(Path root, IOException e) {
    return new UncheckedIOException(
        "can't read the folder %s: %s".formatted(root, e.getMessage()), e);
  }
}
