package dev.orchestrator.release;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The versions of a stack: the folders below {@code releases} that have a compose file. Every call
 * reads them anew; a request for a version that isn't there is refused.
 */
public final class Releases {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  private final StackSettings stack;

  public Releases(StackSettings stack) {
    this.stack = stack;
  }

  /** All versions, oldest first in semantic order. */
  public List<String> versions() {
    if (!Files.isDirectory(stack.releases())) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(stack.releases())) {
      return folders
          .filter(folder -> ComposeFiles.of(folder, stack.compose()).areIn(folder))
          .map(folder -> folder.getFileName().toString())
          .filter(name -> NAME.matcher(name).matches())
          .sorted(VersionOrder.INSTANCE)
          .toList();
    } catch (IOException e) {
      throw new RefusedException(
          "stack %s: can't read the folder %s: %s".formatted(stack.name(), stack.releases(), e), e);
    }
  }

  /**
   * The newest version; refused when there is none. A name without a number is the newest only when
   * no name has one.
   */
  public String newest() throws RefusedException {
    List<String> versions = versions();
    if (versions.isEmpty()) {
      throw new RefusedException(
          "there is no version yet: put a folder with a compose file below " + stack.releases());
    }
    return versions.getLast();
  }

  /** The release of that name; the refusal of an unknown name lists the known ones. */
  public Release release(String version) throws RefusedException {
    if (!NAME.matcher(version).matches()) {
      throw new RefusedException(
          "'%s' can't be a version's name, which has letters, digits, dots, dashes and underscores; %s"
              .formatted(version.replaceAll("\\p{Cntrl}", "?"), known()));
    }
    Path folder = stack.releases().resolve(version);
    if (!Files.isDirectory(folder)) {
      throw new RefusedException(
          "unknown version %s of stack %s; %s".formatted(version, stack.name(), known()));
    }
    ComposeFiles files = ComposeFiles.of(folder, stack.compose());
    if (files.names().isEmpty()) {
      throw new RefusedException(
          "version %s of stack %s has no compose file: put a %s into %s"
              .formatted(version, stack.name(), ComposeFiles.USUAL.getFirst(), folder));
    }
    List<String> missing = files.missing(folder);
    if (!missing.isEmpty()) {
      throw new RefusedException(
          "version %s of stack %s has no %s, which %s names: put it into %s"
              .formatted(
                  version, stack.name(), String.join(", ", missing), files.source(), folder));
    }
    return new Release(version, folder, files.names());
  }

  /** Whether version {@code a} is newer than {@code b}, in semantic order. */
  public static boolean newer(String a, String b) {
    return VersionOrder.INSTANCE.compare(a, b) > 0;
  }

  /** Whether a version's name has a number, without which nobody knows how old it is. */
  public static boolean hasNumber(String version) {
    return VersionOrder.hasNumber(version);
  }

  /**
   * Where a version is sorted when that isn't plain from its numbers, such as {@code revision:
   * after 1.2.3}; else empty.
   */
  public static String sorting(String version) {
    return VersionOrder.describe(version);
  }

  /**
   * Digest of a version as its author wrote it: its own folder, and what the stack's folder has
   * beside the releases (build contexts, {@code stack.conf}). An upgrade to a version with the same
   * digest would be the same upgrade again.
   */
  public String content(String version) {
    ContentDigest digest = new ContentDigest();
    Path release = release(version).folder();
    try (Stream<Path> beside = Files.list(stack.folder())) {
      digest.add(FileTree.digest(release));
      for (Path path : beside.filter(path -> !path.equals(stack.releases())).sorted().toList()) {
        digest.add(String.valueOf(path.getFileName()));
        if (Files.isDirectory(path)) {
          digest.add(FileTree.digest(path));
        } else if (Files.isRegularFile(path)) {
          digest.add(path);
        }
      }
    } catch (UncheckedIOException e) {
      throw new RefusedException("stack %s: %s".formatted(stack.name(), e.getMessage()), e);
    } catch (IOException e) {
      throw new RefusedException(
          "stack %s: can't read the folder %s: %s".formatted(stack.name(), stack.folder(), e), e);
    }
    return digest.hex();
  }

  private String known() {
    List<String> versions = versions();
    return versions.isEmpty()
        ? "there are no versions in " + stack.releases()
        : "known: " + String.join(", ", versions);
  }
}
