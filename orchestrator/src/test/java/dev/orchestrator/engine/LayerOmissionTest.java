package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;

class LayerOmissionTest {
  private static final List<String> LAYERS = List.of("sha256:aa", "sha256:bb", "sha256:cc");

  /** As an engine saves an image: files by name, and links. */
  private static byte[] saved(Map<String, String> files, Map<String, String> links)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
        byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
      for (Map.Entry<String, String> link : links.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry(link.getKey(), TarArchiveEntry.LF_SYMLINK);
        entry.setLinkName(link.getValue());
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] old(Map<String, String> links) throws IOException {
    return saved(
        Map.of(
            "1/layer.tar",
            "lowest",
            "2/layer.tar",
            "middle",
            "3/layer.tar",
            "own",
            "manifest.json",
            """
            [{"Config":"c.json","RepoTags":["shop:1"],
              "Layers":["1/layer.tar","2/layer.tar","3/layer.tar"]}]
            """),
        links);
  }

  private static LayerOmission of(byte[] saved, int shared) throws IOException {
    return LayerOmission.of(new ByteArrayInputStream(saved), LAYERS, shared);
  }

  @Test
  void layersCountFromTheLowestThatIsTheSame() {
    assertEquals(
        2,
        LayerOmission.shared(
            LAYERS,
            List.of(
                List.of("sha256:bb", "sha256:cc"),
                List.of("sha256:aa", "sha256:bb", "sha256:dd"),
                List.of("sha256:aa"))));
    assertEquals(0, LayerOmission.shared(LAYERS, List.of()));
  }

  @Test
  void theLowestLayersAreLeftOutAndAllElseIsAsItWas() throws IOException {
    byte[] saved = old(Map.of());
    LayerOmission omission = of(saved, 2);
    assertEquals(Set.of("1/layer.tar", "2/layer.tar"), omission.entries());
    ByteArrayOutputStream copy = new ByteArrayOutputStream();
    omission.copy(new ByteArrayInputStream(saved), copy);
    Map<String, String> left = new TreeMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new ByteArrayInputStream(copy.toByteArray()))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        left.put(entry.getName(), new String(tar.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    assertEquals(Set.of("3/layer.tar", "manifest.json"), left.keySet());
    assertEquals("own", left.get("3/layer.tar"));
  }

  @Test
  void aLayerThatAnotherOneIsALinkToIsSent() throws IOException {
    assertEquals(
        Set.of("2/layer.tar"), of(old(Map.of("3/layer.tar", "../1/layer.tar")), 2).entries());
  }

  @Test
  void blobsGoByTheirDigestAndCompressedOnesAreSent() throws IOException {
    byte[] saved =
        saved(
            Map.of(
                "manifest.json",
                """
                [{"Layers":["blobs/sha256/aa","blobs/sha256/ff","blobs/sha256/cc"]}]
                """),
            Map.of());
    assertEquals(Set.of("blobs/sha256/aa"), of(saved, 2).entries());
  }

  @Test
  void withoutAManifestEverythingIsSent() throws IOException {
    LayerOmission omission = of(saved(Map.of("1/layer.tar", "x"), Map.of()), 2);
    assertTrue(omission.entries().isEmpty());
  }
}
