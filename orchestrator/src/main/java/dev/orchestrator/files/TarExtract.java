package dev.orchestrator.files;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Unpacks a tar archive that may be anybody's into a folder: what would lie outside of it, or lead
 * out of it, is refused. Files get their modes and times; their owners only where this process may
 * give them away. Stateless.
 */
public final class TarExtract {
  private static final int MODE = 07777;

  private TarExtract() {}

  /**
   * Unpacks into a folder, which is made.
   *
   * @param what the archive, for a message
   */
  public static void unpack(String what, InputStream tar, Path folder) throws IOException {
    Files.createDirectories(folder);
    // Made when everything else is there: so nothing is written through a link.
    Map<Path, String> links = new LinkedHashMap<>();
    Map<Path, TarArchiveEntry> folders = new LinkedHashMap<>();
    TarArchiveInputStream in = new TarArchiveInputStream(tar, "UTF-8");
    for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
      Path path = below(what, folder, entry.getName());
      if (path.equals(folder)) {
        continue;
      }
      Path parent = path.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      if (entry.isDirectory()) {
        Files.createDirectories(path);
        folders.put(path, entry);
      } else if (entry.isSymbolicLink()) {
        links.put(path, link(what, folder, path, entry.getLinkName()));
      } else if (entry.isFile() && !entry.isLink()) {
        Files.copy(in, path);
        describe(path, entry);
      } else {
        throw new RefusedException(
            "%s has %s, which is neither a file nor a folder nor a link"
                .formatted(what, printable(entry.getName())));
      }
    }
    for (Map.Entry<Path, String> link : links.entrySet()) {
      Files.createSymbolicLink(link.getKey(), Path.of(link.getValue()));
    }
    for (Map.Entry<Path, TarArchiveEntry> each : folders.entrySet()) {
      describe(each.getKey(), each.getValue());
    }
  }

  private static Path below(String what, Path folder, String name) {
    try {
      Path path = folder.resolve(name).normalize();
      if (path.startsWith(folder) && !Path.of(name).isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException _) {
      throw outside(what, name);
    }
    throw outside(what, name);
  }

  private static String link(String what, Path folder, Path link, String target) {
    try {
      Path leads = link.resolveSibling(target).normalize();
      if (!Path.of(target).isAbsolute() && leads.startsWith(folder)) {
        return target;
      }
    } catch (InvalidPathException _) {
      throw outside(what, target);
    }
    throw outside(what, target);
  }

  private static RefusedException outside(String what, String name) {
    return new RefusedException(
        "%s has %s, which leads out of its folder".formatted(what, printable(name)));
  }

  private static void describe(Path path, TarArchiveEntry entry) throws IOException {
    if ("root".equals(System.getProperty("user.name"))) {
      Files.setAttribute(path, "unix:uid", (int) entry.getLongUserId(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", (int) entry.getLongGroupId(), LinkOption.NOFOLLOW_LINKS);
    }
    Files.setAttribute(path, "unix:mode", entry.getMode() & MODE);
    Files.setLastModifiedTime(path, FileTime.from(entry.getLastModifiedTime().toInstant()));
  }

  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
