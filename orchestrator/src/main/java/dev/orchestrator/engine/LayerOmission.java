package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * A saved image without the layers that another engine has already: an engine does not look into
 * the archive for a layer that it has. Layers count from the lowest, as an engine knows a layer by
 * all that is below it.
 *
 * @param entries names of the files of those layers
 */
record LayerOmission(Set<String> entries) {
  private static final String BLOBS = "blobs/sha256/";
  private static final int LONGEST_MANIFEST = 8 << 20;

  /** How many of an image's layers are also the lowest of another's. */
  static int shared(List<String> layers, List<List<String>> others) {
    int most = 0;
    for (List<String> other : others) {
      int same = 0;
      while (same < Math.min(layers.size(), other.size())
          && layers.get(same).equals(other.get(same))) {
        same++;
      }
      most = Math.max(most, same);
    }
    return most;
  }

  /**
   * Finds out which files hold the lowest layers.
   *
   * @param saved the image, as an engine saves it
   * @param shared how many layers are to be left out
   */
  static LayerOmission of(InputStream saved, List<String> layers, int shared) throws IOException {
    Set<String> linked = new HashSet<>();
    JsonNode manifest = null;
    TarArchiveInputStream tar =
        new TarArchiveInputStream(new BufferedInputStream(saved, 1 << 16), "UTF-8");
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      if (entry.isSymbolicLink() || entry.isLink()) {
        linked.add(entry.getLinkName().replaceFirst("^(\\.\\./)+", ""));
      } else if (entry.getName().equals("manifest.json") && entry.getSize() < LONGEST_MANIFEST) {
        manifest = Json.tree(new String(tar.readAllBytes(), StandardCharsets.UTF_8)).path(0);
      }
    }
    saved.transferTo(OutputStream.nullOutputStream());
    Set<String> entries = new HashSet<>();
    if (manifest == null || manifest.path("Layers").size() != layers.size()) {
      return new LayerOmission(Set.of());
    }
    Set<String> needed = new HashSet<>(linked);
    for (int i = shared; i < layers.size(); i++) {
      needed.add(manifest.path("Layers").path(i).asText());
    }
    for (int i = 0; i < shared; i++) {
      String name = manifest.path("Layers").path(i).asText();
      // A blob of another digest than the layer's is compressed: its engine has another kind of
      // store, and may want it.
      boolean plain =
          !name.startsWith(BLOBS)
              || layers.get(i).equals("sha256:" + name.substring(BLOBS.length()));
      if (plain && !needed.contains(name)) {
        entries.add(name);
      }
    }
    return new LayerOmission(Set.copyOf(entries));
  }

  /** Copies a saved image without those layers. */
  void copy(InputStream saved, OutputStream out) throws IOException {
    if (entries.isEmpty()) {
      saved.transferTo(out);
      return;
    }
    TarArchiveInputStream tar =
        new TarArchiveInputStream(new BufferedInputStream(saved, 1 << 16), "UTF-8");
    TarArchiveOutputStream copy = new TarArchiveOutputStream(out, "UTF-8");
    copy.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    copy.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      if (!entries.contains(entry.getName())) {
        copy.putArchiveEntry(entry);
        tar.transferTo(copy);
        copy.closeArchiveEntry();
      }
    }
    copy.finish();
    copy.flush();
    // The end of the tar file is not the end of the stream, which its writer wants to get rid of.
    saved.transferTo(OutputStream.nullOutputStream());
  }
}
