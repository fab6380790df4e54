package dev.orchestrator.adopt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The content of a stack's folder before it is written.
 *
 * @param texts files by their paths in the folder
 * @param secret those of them that only their owner may read
 * @param copies files and folders of the host, by their paths in the folder
 * @param left paths of the host that are left out of a folder that is copied
 */
public record StackDraft(
    Map<String, String> texts, Set<String> secret, Map<String, Path> copies, Set<Path> left) {

  public StackDraft {
    texts = Map.copyOf(texts);
    secret = Set.copyOf(secret);
    copies = Map.copyOf(copies);
    left = Set.copyOf(left);
  }

  /** Without the texts, which may have secrets. */
  @Override
  public String toString() {
    return "StackDraft[texts=%s, copies=%s]".formatted(texts.keySet(), copies);
  }

  /** Writes all of it into a folder, which is made. */
  void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, Path> copy : new TreeMap<>(copies).entrySet()) {
      copy(copy.getValue(), folder.resolve(copy.getKey()).normalize());
    }
    for (Map.Entry<String, String> text : new TreeMap<>(texts).entrySet()) {
      Path file = folder.resolve(text.getKey());
      createParents(file);
      Files.deleteIfExists(file);
      if (secret.contains(text.getKey())) {
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(file, text.getValue(), StandardCharsets.UTF_8);
    }
  }

  /** Bytes of everything that is copied. */
  long bytes() throws IOException {
    long[] sum = new long[1];
    for (Path from : copies.values()) {
      walk(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              sum[0] += attributes.isRegularFile() ? attributes.size() : 0;
              return FileVisitResult.CONTINUE;
            }
          });
    }
    return sum[0];
  }

  private void copy(Path from, Path to) throws IOException {
    walk(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Path place = to.resolve(from.relativize(dir)).normalize();
            createParents(place);
            if (!Files.isDirectory(place)) {
              Files.copy(dir, place, StandardCopyOption.COPY_ATTRIBUTES);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!attributes.isOther()) {
              Path place = to.resolve(from.relativize(file)).normalize();
              createParents(place);
              Files.copy(
                  file,
                  place,
                  StandardCopyOption.COPY_ATTRIBUTES,
                  StandardCopyOption.REPLACE_EXISTING,
                  LinkOption.NOFOLLOW_LINKS);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private void walk(Path from, SimpleFileVisitor<Path> visitor) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            return left.contains(dir) && !dir.equals(from)
                ? FileVisitResult.SKIP_SUBTREE
                : visitor.preVisitDirectory(dir, attributes);
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            return left.contains(file) && !file.equals(from)
                ? FileVisitResult.CONTINUE
                : visitor.visitFile(file, attributes);
          }
        });
  }

  private static void createParents(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
  }
}
