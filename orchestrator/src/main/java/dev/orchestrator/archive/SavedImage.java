package dev.orchestrator.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.common.Json;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * One image as an engine saves it ({@code docker save}), in an archive. Engines before 25 name
 * layers after folders, later ones after digests; which of the entries are the image's is known at
 * the end of the stream alone. So everything of size goes into the archive at once, as a blob, and
 * texts wait in memory.
 *
 * @param config the image's configuration, as it was saved
 * @param layers the layers, the lowest first
 */
record SavedImage(String config, List<Layer> layers) {
  /** Texts of an image are far smaller; a layer that begins like one is not kept in memory. */
  private static final int TEXT_LIMIT = 8 << 20;

  /** What is smaller waits in memory, whatever it is. */
  private static final int SMALL = 1 << 16;

  private static final String BLOBS = "blobs/sha256/";
  static final String TAR = "application/vnd.oci.image.layer.v1.tar";

  /** A layer of an image, which is a blob of the archive. */
  record Layer(Entry blob, String mediaType) {}

  /** Copies the image's layers into the archive, without the secrets. */
  static SavedImage copy(InputStream saved, SecretFilter secrets, ArchiveTarget file)
      throws IOException {
    LayerFilter filter = secrets.layers();
    Map<String, byte[]> texts = new HashMap<>();
    Map<String, Layer> blobs = new HashMap<>();
    Map<String, String> links = new HashMap<>();
    TarArchiveInputStream tar = new TarArchiveInputStream(saved, "UTF-8");
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      String name = Path.of(entry.getName()).normalize().toString();
      if (entry.isSymbolicLink() || entry.isLink()) {
        Path folder = entry.isLink() ? null : Path.of(name).getParent();
        Path to = Path.of(entry.getLinkName());
        links.put(name, (folder == null ? to : folder.resolve(to)).normalize().toString());
      } else if (entry.isFile()) {
        byte[] begin = tar.readNBytes(SMALL);
        if (begin.length < SMALL || (isText(begin) && entry.getSize() < TEXT_LIMIT)) {
          texts.put(name, withRest(begin, tar));
        } else {
          blobs.put(name, blob(name, begin, tar, filter, file));
        }
      }
    }
    // The end of the tar file is not the end of the stream, which a writer wants to get rid of.
    saved.transferTo(OutputStream.nullOutputStream());
    JsonNode manifest = manifest(texts);
    String configName = manifest.path("Config").asText();
    byte[] bytes = texts.get(configName);
    if (bytes == null) {
      throw new ArchiveException("the engine's image has no configuration " + configName);
    }
    String config = new String(bytes, StandardCharsets.UTF_8);
    List<Layer> layers = new ArrayList<>();
    for (JsonNode each : manifest.path("Layers")) {
      layers.add(layer(follow(each.asText(), links), blobs, texts, filter, file));
    }
    requireLayers(config, layers);
    return new SavedImage(filter.none() ? config : withLayers(config, layers, secrets), layers);
  }

  /** The configuration of an image whose layers may be others now. */
  private static String withLayers(String config, List<Layer> layers, SecretFilter secrets) {
    ObjectNode changed = (ObjectNode) Json.tree(config);
    ArrayNode diffs = changed.withObject("rootfs").putArray("diff_ids");
    layers.forEach(each -> diffs.add(Sha256.PREFIX + each.blob().sha256()));
    return Json.write(secrets.config(changed));
  }

  private static JsonNode manifest(Map<String, byte[]> texts) {
    byte[] text = texts.get("manifest.json");
    if (text == null) {
      throw new ArchiveException("the engine's image came without its manifest.json");
    }
    JsonNode images = Json.tree(new String(text, StandardCharsets.UTF_8));
    if (images.size() != 1) {
      throw new ArchiveException("one image was asked for, the engine gave " + images.size());
    }
    return images.path(0);
  }

  private static String follow(String name, Map<String, String> links) {
    String found = name;
    for (int i = 0; i < links.size() && links.containsKey(found); i++) {
      found = links.getOrDefault(found, found);
    }
    return found;
  }

  private static Layer layer(
      String name,
      Map<String, Layer> blobs,
      Map<String, byte[]> texts,
      LayerFilter filter,
      ArchiveTarget file)
      throws IOException {
    Layer large = blobs.get(name);
    if (large != null) {
      return large;
    }
    byte[] small = texts.get(name);
    if (small == null) {
      throw new ArchiveException("the engine's image came without its layer " + name);
    }
    Layer layer = blob(name, small, InputStream.nullInputStream(), filter, file);
    blobs.put(name, layer);
    return layer;
  }

  /**
   * Copies a layer. One that has to be looked into is not compressed any more, so that its digest
   * is the one by which the configuration knows it.
   */
  private static Layer blob(
      String name, byte[] begin, InputStream rest, LayerFilter filter, ArchiveTarget file)
      throws IOException {
    InputStream whole = new SequenceInputStream(new ByteArrayInputStream(begin), unclosed(rest));
    Compression compression = Compression.of(begin);
    try (ArchiveTarget.Content out = file.blob()) {
      if (filter.none()) {
        whole.transferTo(out);
        Entry blob = out.end();
        requireDigest(name, blob.sha256());
        return new Layer(blob, TAR + compression.suffix());
      }
      DigestInputStream in = new DigestInputStream(whole, Sha256.digest());
      filter.copy(unpacked(in, compression, name), out);
      in.transferTo(OutputStream.nullOutputStream());
      requireDigest(name, Sha256.hex(in.getMessageDigest()));
      return new Layer(out.end(), TAR);
    }
  }

  /** A sequence closes each of its streams at its end, and a tar with its entry all of the file. */
  private static InputStream unclosed(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public void close() {
        // The caller of copy does it.
      }
    };
  }

  private static InputStream unpacked(InputStream in, Compression compression, String name)
      throws IOException {
    return switch (compression) {
      case NONE -> in;
      case GZIP -> new GZIPInputStream(in);
      case ZSTD, XZ, BZIP2 ->
          throw new ArchiveException(
              "layer %s is compressed by %s, so that no secrets can be taken out: export with them"
                  .formatted(name, compression.program()));
    };
  }

  /** Where the name of an entry is its digest, it has to be. */
  private static void requireDigest(String name, String digest) {
    if (name.startsWith(BLOBS) && !name.equals(BLOBS + digest)) {
      throw new ArchiveException(
          "the engine's image is damaged: %s has the digest %s".formatted(name, digest));
    }
  }

  private static void requireLayers(String config, List<Layer> layers) {
    int named = Json.tree(config).at("/rootfs/diff_ids").size();
    if (named != layers.size()) {
      throw new ArchiveException(
          "the engine's image has %d layers, its configuration names %d"
              .formatted(layers.size(), named));
    }
  }

  private static byte[] withRest(byte[] begin, InputStream rest) throws IOException {
    byte[] more = rest.readNBytes(TEXT_LIMIT);
    byte[] all = Arrays.copyOf(begin, begin.length + more.length);
    System.arraycopy(more, 0, all, begin.length, more.length);
    return all;
  }

  private static boolean isText(byte[] begin) {
    return begin.length > 0 && (begin[0] == '{' || begin[0] == '[');
  }
}
