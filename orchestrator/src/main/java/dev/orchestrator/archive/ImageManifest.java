package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.common.Json;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The texts by which engines find an image in an archive. Docker up to 28, with its own store,
 * reads {@code manifest.json}; an engine with containerd's store (from 24 on, and by default from
 * 29 on) takes the OCI layout where there is one.
 *
 * @param config the blob of the image's configuration
 * @param layers the lowest first
 */
record ImageManifest(Entry config, List<SavedImage.Layer> layers, String architecture) {
  static final String DOCKER = "manifest.json";
  static final String INDEX = "index.json";
  static final String LAYOUT = "oci-layout";

  private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";

  /** The content of {@link #LAYOUT}. */
  static byte[] layout() {
    return bytes(Map.of("imageLayoutVersion", "1.0.0"));
  }

  /** The manifest of OCI, which is a blob itself. */
  byte[] manifest() {
    return bytes(
        ordered(
            "schemaVersion",
            2,
            "mediaType",
            TYPE,
            "config",
            descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers",
            layers.stream().map(each -> descriptor(each.mediaType(), each.blob())).toList()));
  }

  /** The content of {@link #DOCKER}. */
  byte[] docker(String reference) {
    return bytes(
        List.of(
            ordered(
                "Config",
                config.name(),
                "RepoTags",
                List.of(reference),
                "Layers",
                layers.stream().map(each -> each.blob().name()).toList())));
  }

  /**
   * The content of {@link #INDEX}.
   *
   * @param manifest the blob of {@link #manifest()}
   */
  byte[] index(Entry manifest, String reference) {
    Map<String, Object> described = descriptor(TYPE, manifest);
    described.put("platform", ordered("architecture", architecture, "os", "linux"));
    described.put(
        "annotations",
        ordered(
            "io.containerd.image.name",
            fullName(reference),
            "org.opencontainers.image.ref.name",
            reference.substring(reference.lastIndexOf(':') + 1)));
    return bytes(
        ordered(
            "schemaVersion",
            2,
            "mediaType",
            "application/vnd.oci.image.index.v1+json",
            "manifests",
            List.of(described)));
  }

  /** As an engine writes a name out: the first part is a registry when it looks like a host. */
  private static String fullName(String reference) {
    int slash = reference.indexOf('/');
    if (slash < 0) {
      return "docker.io/library/" + reference;
    }
    String first = reference.substring(0, slash);
    boolean registry = first.contains(".") || first.contains(":") || first.equals("localhost");
    return registry ? reference : "docker.io/" + reference;
  }

  private static Map<String, Object> descriptor(String mediaType, Entry blob) {
    return ordered(
        "mediaType", mediaType, "digest", Sha256.PREFIX + blob.sha256(), "size", blob.bytes());
  }

  private static Map<String, Object> ordered(Object... pairs) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i].toString(), pairs[i + 1]);
    }
    return map;
  }

  private static byte[] bytes(Object json) {
    return Json.write(json).getBytes(StandardCharsets.UTF_8);
  }
}
