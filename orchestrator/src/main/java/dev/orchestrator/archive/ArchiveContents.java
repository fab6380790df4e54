package dev.orchestrator.archive;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What is in an archive: its last entry but one, whose digest is the last.
 *
 * @param settings texts by file name, such as {@code stack.conf}
 * @param volumes the data volumes, the main one first; none in an archive without data
 * @param entries every entry of the file before this list, in their order
 */
public record ArchiveContents(
    ArchiveHead head,
    Image image,
    Map<String, String> settings,
    List<Volume> volumes,
    Secrets secrets,
    List<Entry> entries) {

  public ArchiveContents {
    Objects.requireNonNull(head, "head");
    Objects.requireNonNull(image, "image");
    Objects.requireNonNull(secrets, "secrets");
    settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    volumes = List.copyOf(volumes);
    entries = List.copyOf(entries);
  }

  /**
   * The image of the capsule.
   *
   * @param id digest of the capsule's own configuration, by which engines know an image
   * @param manifest digest of the capsule's own manifest, which is a blob of the file
   * @param loaded digest of the configuration of what {@code docker load} makes of the file:
   *     another image when there is data in it
   * @param reference the name that {@code docker load} gives it
   * @param bytes what the capsule's own layers take in the file
   */
  public record Image(String id, String manifest, String loaded, String reference, long bytes) {
    public Image {
      Objects.requireNonNull(id, "id");
      Objects.requireNonNull(manifest, "manifest");
      Objects.requireNonNull(loaded, "loaded");
      Objects.requireNonNull(reference, "reference");
    }
  }

  /**
   * A data volume.
   *
   * @param name {@code data} is the main one
   * @param layer digest of the image's layer that has it
   * @param compression of its tar stream: {@code zstd} or {@code none}
   * @param bytes what its files take on a disk
   * @param files how many there are
   * @param archived what it takes in the file
   */
  public record Volume(
      String name, String layer, String compression, long bytes, long files, long archived) {
    public Volume {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(layer, "layer");
      Objects.requireNonNull(compression, "compression");
    }
  }

  /**
   * The secrets, by name alone.
   *
   * @param encrypted whether the file has their values, behind a passphrase
   * @param variables names of variables
   * @param files paths of files, relative to the release
   */
  public record Secrets(boolean encrypted, List<String> variables, List<String> files) {
    public static final Secrets NONE = new Secrets(false, List.of(), List.of());

    public Secrets {
      variables = List.copyOf(variables);
      files = List.copyOf(files);
    }

    /** The names of what a receiving side must bring along when the file doesn't have it. */
    public List<String> missing() {
      return encrypted ? List.of() : Stream.concat(variables.stream(), files.stream()).toList();
    }
  }

  /** An entry of the file, with the SHA-256 of its content. */
  public record Entry(String name, long bytes, String sha256) {
    public Entry {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(sha256, "sha256");
    }
  }

  /** What the data takes on a disk. */
  public long dataBytes() {
    return volumes.stream().mapToLong(Volume::bytes).sum();
  }
}
