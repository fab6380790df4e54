package dev.orchestrator.archive;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A small image, as engines of all ages give it for {@code docker save}. */
final class SavedImageFixture {
  static final String REFERENCE = "orchestrator/shop:1.0";

  /** The lowest layer, far larger than what waits in memory, and one that is small. */
  final List<byte[]> layers;

  final String config;

  SavedImageFixture(String architecture) {
    this(architecture, List.of(layer("base", 300_000), layer("stack", 400)));
  }

  SavedImageFixture(String architecture, List<byte[]> layers) {
    this.layers = layers;
    String diffs =
        layers.stream()
            .map(each -> "\"sha256:" + Sha256.hex(each) + "\"")
            .collect(Collectors.joining(","));
    config =
        """
        {"architecture":"%s","os":"linux","config":{"Labels":{"dev.orchestrator.role":"capsule"},
        "Env":["A=b"]},"unknown":[1.5],"rootfs":{"type":"layers","diff_ids":[%s]},
        "history":[{"created_by":"base"},{"created_by":"ENV","empty_layer":true},{"created_by":"COPY"}]}
        """
            .formatted(architecture, diffs);
  }

  String id() {
    return "sha256:" + Sha256.hex(config.getBytes(StandardCharsets.UTF_8));
  }

  /** As Docker 20.10 to 24: folders, the same layer twice by a link. */
  InputStream old() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < layers.size(); i++) {
        String folder = Integer.toString(i).repeat(64);
        add(tar, folder + "/VERSION", "1.0".getBytes(StandardCharsets.UTF_8));
        add(tar, folder + "/json", "{}".getBytes(StandardCharsets.UTF_8));
        if (i == 0) {
          add(tar, folder + "/layer.tar", layers.get(i));
        } else {
          add(tar, "f".repeat(64) + "/layer.tar", layers.get(i));
          TarArchiveEntry link =
              new TarArchiveEntry(folder + "/layer.tar", TarConstants.LF_SYMLINK);
          link.setLinkName("../" + "f".repeat(64) + "/layer.tar");
          tar.putArchiveEntry(link);
          tar.closeArchiveEntry();
        }
        names.add("\"" + folder + "/layer.tar\"");
      }
      String configName = id().substring("sha256:".length()) + ".json";
      add(tar, configName, config.getBytes(StandardCharsets.UTF_8));
      add(tar, "manifest.json", manifest(configName, names));
      add(tar, "repositories", "{}".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  /** As Docker from 25 on: blobs, named by their digests. */
  InputStream saved() {
    return saved("");
  }

  /**
   * The same.
   *
   * @param suffix is put behind each layer, whose name it then belies
   */
  InputStream saved(String suffix) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      List<String> names = new ArrayList<>();
      for (byte[] each : layers) {
        String name = "blobs/sha256/" + Sha256.hex(each);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(each);
        content.writeBytes(suffix.getBytes(StandardCharsets.UTF_8));
        add(tar, name, content.toByteArray());
        names.add("\"" + name + "\"");
      }
      String configName = "blobs/sha256/" + id().substring("sha256:".length());
      add(tar, configName, config.getBytes(StandardCharsets.UTF_8));
      add(tar, "index.json", "{}".getBytes(StandardCharsets.UTF_8));
      add(tar, "manifest.json", manifest(configName, names));
      add(tar, "oci-layout", "{}".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }

  private static byte[] manifest(String config, List<String> layers) {
    return "[{\"Config\":\"%s\",\"RepoTags\":[\"x:y\"],\"Layers\":%s}]"
        .formatted(config, layers)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] layer(String name, int size) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      byte[] content = new byte[size];
      new Random(size).nextBytes(content);
      add(tar, name, content);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return bytes.toByteArray();
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }
}
