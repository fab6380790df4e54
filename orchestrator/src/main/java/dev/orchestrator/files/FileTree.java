package dev.orchestrator.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder's files in a fixed order, from which digests and archives are made. A folder that can't
 * be read is an {@link UncheckedIOException} whose message is one line with the folder's path.
 */
public final class FileTree {
  private static final int PERMISSIONS = 0777;
  private static final int MODE = 07777;

  private FileTree() {}

  /** Removes a folder with all that is in it; does nothing when it isn't there. */
  public static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

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

    /** The permission bits, without those for programs that run as their owner. */
    int permissions() throws IOException {
      return mode() & PERMISSIONS;
    }

    /** All bits of the mode: a private key must stay private inside. */
    int mode() throws IOException {
      // "unix:mode" has the file's type in its upper bits.
      return (int) attribute("mode") & MODE;
    }

    int uid() throws IOException {
      return (int) attribute("uid");
    }

    int gid() throws IOException {
      return (int) attribute("gid");
    }

    private Object attribute(String name) throws IOException {
      return Files.getAttribute(path, "unix:" + name, LinkOption.NOFOLLOW_LINKS);
    }

    /** Whether it is there, as a file, a folder or a link. */
    public boolean present() {
      return link() || folder() || file();
    }

    /** The mode as octal digits. */
    public String octalMode() throws IOException {
      return Integer.toOctalString(mode());
    }

    /** {@code UID:GID}. */
    public String owner() throws IOException {
      return uid() + ":" + gid();
    }

    /** {@code file:} and the SHA-256 of the content, {@code link:TARGET}, or {@code folder}. */
    public String value() throws IOException {
      if (link()) {
        return "link:" + Files.readSymbolicLink(path);
      }
      return folder() ? "folder" : "file:" + ContentDigest.ofFile(path);
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

  /** Digest of the names, permissions and contents of everything below {@code root}. */
  public static String digest(Path root) {
    return digest(root, false);
  }

  /**
   * Digest of what an archive of {@code root} has of it, but for the times: owners and whole modes
   * count, too.
   */
  public static String digestWithOwners(Path root) {
    return digest(root, true);
  }

  private static String digest(Path root, boolean owners) {
    ContentDigest digest = new ContentDigest();
    try {
      for (Entry entry : of(root)) {
        digest.add(entry.name());
        if (entry.link()) {
          digest.add("link").add(Files.readSymbolicLink(entry.path()).toString());
        } else {
          digest.add(owners ? entry.octalMode() : Integer.toOctalString(entry.permissions()));
          digest.add(entry.folder() ? "folder" : "file");
          if (entry.file()) {
            digest.add(entry.path());
          }
        }
        if (owners) {
          digest.add(entry.owner());
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
