package dev.orchestrator.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Unpacks a folder of a tar archive: files, folders and symbolic links, with their modes. */
public final class TarFolder {
  private static final PosixFilePermission[] BITS = {
    PosixFilePermission.OTHERS_EXECUTE,
    PosixFilePermission.OTHERS_WRITE,
    PosixFilePermission.OTHERS_READ,
    PosixFilePermission.GROUP_EXECUTE,
    PosixFilePermission.GROUP_WRITE,
    PosixFilePermission.GROUP_READ,
    PosixFilePermission.OWNER_EXECUTE,
    PosixFilePermission.OWNER_WRITE,
    PosixFilePermission.OWNER_READ
  };

  private TarFolder() {}

  /**
   * Unpacks what is below a folder of the archive; returns how many files that were. Nothing is
   * written outside the target.
   *
   * @param tar in gzip
   * @param below the folder in the archive, such as {@code releases/v2}
   * @param target is made if it isn't there
   */
  public static int unpack(InputStream tar, String below, Path target) throws IOException {
    int files = 0;
    try (TarArchiveInputStream in = new TarArchiveInputStream(new GZIPInputStream(tar), "UTF-8")) {
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        String name = entry.getName().replaceFirst("^\\./", "");
        if (!name.startsWith(below + "/")) {
          continue;
        }
        Path path = target.resolve(name.substring(below.length() + 1)).normalize();
        if (!path.startsWith(target)) {
          throw new IOException("%s is outside of its folder".formatted(entry.getName()));
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
          continue;
        }
        Path parent = Files.createDirectories(path.resolveSibling(""));
        // A link of the archive must not lead its later files elsewhere.
        if (!parent.toRealPath().startsWith(target.toRealPath())) {
          throw new IOException("%s is outside of its folder".formatted(entry.getName()));
        }
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (entry.isFile()) {
          Files.copy(in, path);
          Files.setPosixFilePermissions(path, permissions(entry.getMode()));
          Files.setLastModifiedTime(path, entry.getLastModifiedTime());
          files++;
        }
      }
    }
    return files;
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> found = EnumSet.noneOf(PosixFilePermission.class);
    for (int i = 0; i < BITS.length; i++) {
      if ((mode >> i & 1) == 1) {
        found.add(BITS[i]);
      }
    }
    return found;
  }
}
