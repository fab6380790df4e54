package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.archive.ArchiveCopy;
import dev.orchestrator.archive.BlobNames;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * An archive in a registry, as {@link RegistryTarget} has put it there. Getting it makes the very
 * file that an export would have been; one that was begun before is gone on with. One thread.
 */
public final class RegistrySource implements AutoCloseable {
  private static final String TITLE = "org.opencontainers.image.title";
  private static final int MOST_ENTRIES = 1000;

  private final RegistryReference place;
  private final RegistryClient client;

  /** Reaches the registry, and logs in as Docker does. */
  public RegistrySource(RegistryReference place, Map<String, String> environment) {
    this.place = place;
    this.client = new RegistryClient(place, environment);
    try {
      client.open(false);
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** Bytes that were got, and those that were there from a try before. */
  public record Got(long received, long kept) {}

  /**
   * Writes the file, which has its name when it is whole.
   *
   * @param replace whether a file of that name is replaced
   * @param progress is told how many bytes the file has
   */
  public Got get(Path file, boolean replace, LongConsumer progress) {
    Map<String, Entry> own = own();
    Entry list = own.get(ArchiveCopy.CONTENTS);
    Entry sum = own.get(ArchiveCopy.DIGEST);
    if (list == null || sum == null) {
      throw noExport();
    }
    String text = new String(client.small(list.sha256(), list.bytes()), StandardCharsets.UTF_8);
    if (!BlobNames.of(text.getBytes(StandardCharsets.UTF_8)).sha256().equals(list.sha256())) {
      throw new RegistryException(
          "registry %s gives another list of contents than its digest says: push it again"
              .formatted(place.host()));
    }
    ArchiveContents contents;
    try {
      contents = Json.read(text, ArchiveContents.class);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          "the list of contents in %s can't be read: %s".formatted(place, e.getMessage()), e);
    }
    try (ArchiveCopy copy = new ArchiveCopy(file, replace, contents, list, sum)) {
      long kept = copy.kept();
      for (Entry next = copy.next(); next != null; next = copy.next()) {
        client.download(
            next.sha256(),
            copy.offset(),
            next.bytes(),
            (bytes, length) -> {
              copy.write(bytes, length);
              progress.accept(copy.bytes());
            });
        copy.endEntry(place.toString());
      }
      copy.publish();
      return new Got(copy.bytes() - kept, kept);
    } catch (IOException e) {
      throw new RegistryException("can't write %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** The entries that are no blobs of the image, by name. */
  private Map<String, Entry> own() {
    JsonNode manifest = client.manifest(place.ownTag());
    if (manifest == null) {
      throw noExport();
    }
    Map<String, Entry> own = new LinkedHashMap<>();
    JsonNode layers = manifest.path("layers");
    if (layers.size() > MOST_ENTRIES) {
      throw noExport();
    }
    for (JsonNode layer : layers) {
      String name = layer.path("annotations").path(TITLE).asText();
      String sha256 = layer.path("digest").asText().replaceFirst("^sha256:", "");
      if (!sha256.matches("[0-9a-f]{64}") || name.isEmpty()) {
        throw noExport();
      }
      own.put(name, new Entry(name, layer.path("size").asLong(), sha256));
    }
    return own;
  }

  private RegistryException noExport() {
    return new RegistryException(
        "%s is there without what 'orchestrator push' writes, or not at all: check the name and the tag; an engine may pull it"
            .formatted(place));
  }

  @Override
  public void close() {
    client.close();
  }
}
