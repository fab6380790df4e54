package dev.orchestrator.engine;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a build's context folder as the tar archive that the engine takes: sorted, root's. */
final class BuildContext {
  private final Path root;
  private final String dockerfile;
  private final DockerIgnore ignore;

  BuildContext(Path root, String dockerfile) throws IOException {
    this.root = root;
    this.dockerfile = Path.of(dockerfile).normalize().toString();
    this.ignore = DockerIgnore.of(root);
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
    TarArchiveEntry entry;
    if (attributes.isSymbolicLink()) {
      entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      entry.setLinkName(Files.readSymbolicLink(path).toString());
    } else if (attributes.isDirectory()) {
      entry = new TarArchiveEntry(name + "/", TarConstants.LF_DIR);
      entry.setMode(mode(path));
    } else if (attributes.isRegularFile()) {
      entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL);
      entry.setSize(attributes.size());
      entry.setMode(mode(path));
    } else {
      // A socket or a pipe: no Dockerfile can copy it.
      return;
    }
    entry.setLastModifiedTime(attributes.lastModifiedTime());
    tar.putArchiveEntry(entry);
    if (attributes.isRegularFile()) {
      Files.copy(path, tar);
    }
    tar.closeArchiveEntry();
  }

  private static int mode(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }
}
