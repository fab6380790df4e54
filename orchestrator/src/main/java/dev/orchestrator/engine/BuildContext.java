package dev.orchestrator.engine;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/** Writes a build's context folder as the tar archive that the engine takes: sorted, root's. */
final class BuildContext {
  private final Path root;
  private final String dockerfile;
  private final Platform platform;
  private final DockerIgnore ignore;

  /**
   * The context of a build.
   *
   * @param platform for the variables that BuildKit sets by itself
   */
  BuildContext(Path root, String dockerfile, Platform platform) throws IOException {
    this.root = root;
    this.dockerfile = Path.of(dockerfile).normalize().toString();
    this.platform = platform;
    this.ignore = DockerIgnore.of(root, this.dockerfile);
  }

  void write(OutputStream out) throws IOException {
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (Path path : paths()) {
        add(tar, path);
      }
      tar.finish();
    }
  }

  List<Path> paths() throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            if (dir.equals(root)) {
              return FileVisitResult.CONTINUE;
            }
            boolean out = excluded(dir);
            if (!out) {
              found.add(dir);
            }
            return out && ignore.onlyExcludes() && !root.resolve(dockerfile).startsWith(dir)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!excluded(file)) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    found.sort(null);
    return found;
  }

  private boolean excluded(Path path) {
    String name = root.relativize(path).toString();
    // Docker sends the Dockerfile even when .dockerignore names it: without it there is no build.
    return !name.equals(dockerfile) && ignore.excludes(name);
  }

  private void add(TarArchiveOutputStream tar, Path path) throws IOException {
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    String name = root.relativize(path).toString();
    byte[] changed =
        name.equals(dockerfile) && attributes.isRegularFile() ? withVariables(path) : null;
    TarArchiveEntry entry;
    if (attributes.isSymbolicLink()) {
      entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      entry.setLinkName(Files.readSymbolicLink(path).toString());
    } else if (attributes.isDirectory()) {
      entry = new TarArchiveEntry(name + "/", TarConstants.LF_DIR);
      entry.setMode(mode(path));
    } else if (attributes.isRegularFile()) {
      entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL);
      entry.setSize(changed == null ? attributes.size() : changed.length);
      entry.setMode(mode(path));
    } else {
      // A socket or a pipe: no Dockerfile can copy it.
      return;
    }
    entry.setLastModifiedTime(attributes.lastModifiedTime());
    tar.putArchiveEntry(entry);
    if (attributes.isRegularFile() && changed == null) {
      Files.copy(path, tar);
    } else if (changed != null) {
      tar.write(changed);
    }
    tar.closeArchiveEntry();
  }

  /**
   * The Dockerfile with the variables that BuildKit would set for it before its first instruction;
   * null when it uses none of them.
   */
  private byte @Nullable [] withVariables(Path path) throws IOException {
    Dockerfile read = Dockerfile.read(path);
    Set<String> names = read.platformVariables();
    if (names.isEmpty()) {
      return null;
    }
    List<String> lines =
        new ArrayList<>(
            new String(Files.readAllBytes(path), StandardCharsets.UTF_8).lines().toList());
    List<String> added =
        names.stream()
            .map(name -> "ARG %s=%s".formatted(name, platform.variables().get(name)))
            .toList();
    lines.addAll(read.instructions().getFirst().line() - 1, added);
    return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static int mode(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }
}
