package dev.orchestrator.compose;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Follows the symbolic links of a release's folder that are on the way to what a compose file
 * names. A capsule would follow them in its own file system, where they lead to the capsule's paths
 * or to nothing. Links inside of a mounted folder are the container's matter. Reads the release's
 * folder.
 */
final class ReleaseLinks {
  /** As in Linux. */
  private static final int LIMIT = 40;

  private final Path project;
  private final Path folder;
  private final @Nullable Path stack;

  ReleaseLinks(ComposeModel model) {
    this.project = model.projectFolder();
    this.folder = real(model.release().folder());
    Path place = model.stackFolder().relativize(project);
    this.stack = folder.endsWith(place) ? parent(folder, place.getNameCount()) : null;
  }

  /**
   * Where a path of the compose file leads. What ends in the release is a path below the model's
   * project folder; what ends outside is the path of the host to which the link leads, as if it had
   * been written in the compose file. A link that leads to itself is left as it is.
   */
  Path of(Path written) {
    Path source = written.normalize();
    if (!source.startsWith(project) || source.equals(project)) {
      return source;
    }
    Deque<Path> rest = new ArrayDeque<>();
    project.relativize(source).forEach(rest::addLast);
    Path at = folder;
    @Nullable Path left = null;
    int links = 0;
    while (!rest.isEmpty()) {
      Path name = rest.removeFirst();
      Path next = at.resolve(name).normalize();
      if (!Files.isSymbolicLink(next)) {
        at = next;
        continue;
      }
      if (++links > LIMIT) {
        return source;
      }
      Path target;
      try {
        target = Files.readSymbolicLink(next);
      } catch (IOException e) {
        return source;
      }
      Path named = at.resolve(target).normalize();
      if (next.startsWith(folder) && !named.startsWith(folder)) {
        left = rest.stream().reduce(named, Path::resolve).normalize();
      }
      for (int i = target.getNameCount() - 1; i >= 0; i--) {
        rest.addFirst(target.getName(i));
      }
      if (target.isAbsolute()) {
        at = target.getRoot();
      }
    }
    if (at.startsWith(folder)) {
      return project.resolve(folder.relativize(at)).normalize();
    }
    return left == null ? at : left;
  }

  /** Whether a path that {@link #of} has returned is a link that leads to itself. */
  boolean isEndless(Path source) {
    return source.startsWith(project)
        && Files.isSymbolicLink(folder.resolve(project.relativize(source)));
  }

  /** A path of the host relative to the stack's folder, if it is in there. */
  Optional<Path> inStack(Path path) {
    return stack != null && path.startsWith(stack)
        ? Optional.of(stack.relativize(path))
        : Optional.empty();
  }

  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      return folder.toAbsolutePath().normalize();
    }
  }

  private static @Nullable Path parent(Path path, int levels) {
    @Nullable Path parent = path;
    for (int i = 0; i < levels && parent != null; i++) {
      parent = parent.getParent();
    }
    return parent;
  }
}
