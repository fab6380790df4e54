package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.archive.ArchiveTarget;
import dev.orchestrator.archive.BlobNames;
import dev.orchestrator.common.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A registry that an archive is written to. The image gets the tag, so that any engine pulls and
 * runs it; what only we read gets a tag of its own beside it. A blob whose digest is known before
 * is not sent when the registry has it. One thread at a time.
 */
public final class RegistryTarget implements ArchiveTarget {
  private static final String INDEX = "index.json";
  private static final String TYPE = "application/vnd.orchestrator.archive.v1";
  private static final String TITLE = "org.opencontainers.image.title";
  private static final String EMPTY = "{}";

  /** Manifests, configurations: kept until they are known for what they are. */
  private static final int SMALL = 1 << 20;

  private final RegistryReference place;
  private final RegistryClient client;
  private final LongConsumer progress;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, byte[]> texts = new LinkedHashMap<>();
  private final Set<String> present = new HashSet<>();
  private final Deque<String> expected = new ArrayDeque<>();
  private long sent;
  private long spared;

  /**
   * Reaches the registry, and logs in as Docker does.
   *
   * @param progress is told how many bytes were sent
   */
  public RegistryTarget(
      RegistryReference place, Map<String, String> environment, LongConsumer progress) {
    this.place = place;
    this.client = new RegistryClient(place, environment);
    this.progress = progress;
    try {
      client.open(true);
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** The digests of the blobs that come next, in their order, as hexadecimal digits. */
  public void expect(List<String> digests) {
    expected.addAll(digests);
  }

  /** Bytes that were sent. */
  public long sent() {
    return sent;
  }

  /** Bytes that the registry had already. */
  public long spared() {
    return spared;
  }

  @Override
  public List<Entry> entries() {
    return new ArrayList<>(entries.values());
  }

  @Override
  public Content blob() {
    return new Blob(null, expected.poll());
  }

  @Override
  public Content named(String name) {
    return new Blob(name, null);
  }

  @Override
  public String description() {
    return place.toString();
  }

  /** Gives the image and what belongs to it their tags, the image's last. */
  @Override
  public void publish() {
    byte[] config = EMPTY.getBytes(StandardCharsets.UTF_8);
    Entry empty = BlobNames.of(config);
    send(empty, config);
    List<Map<String, Object>> layers = new ArrayList<>();
    entries.forEach((name, entry) -> {
      if (!BlobNames.isBlob(name)) {
        Map<String, Object> layer = descriptor(TYPE, entry);
        layer.put("annotations", Map.of(TITLE, name));
        layers.add(layer);
      }
    });
    Map<String, Object> own = new LinkedHashMap<>();
    own.put("schemaVersion", 2);
    own.put("mediaType", RegistryClient.MANIFEST);
    own.put("artifactType", TYPE);
    own.put("config", descriptor("application/vnd.oci.empty.v1+json", empty));
    own.put("layers", layers);
    client.putManifest(place.ownTag(), Json.write(own).getBytes(StandardCharsets.UTF_8));
    client.putManifest(place.tag(), image());
  }

  /** The manifest of the image, which the index names. */
  private byte[] image() {
    byte[] index = texts.get(INDEX);
    JsonNode named =
        index == null
            ? Json.tree(EMPTY)
            : Json.tree(new String(index, StandardCharsets.UTF_8)).at("/manifests/0/digest");
    byte[] manifest = texts.get(BlobNames.ofDigest(named.asText()));
    if (manifest == null) {
      throw new IllegalStateException("an archive without the manifest of its image");
    }
    return manifest;
  }

  private void send(Entry entry, byte[] content) {
    if (isThere(entry.sha256())) {
      return;
    }
    URI to = client.beginUpload();
    client.endUpload(client.upload(to, content, content.length, 0), entry.sha256());
    present.add(entry.sha256());
    count(content.length);
  }

  private boolean isThere(String sha256) {
    if (!present.contains(sha256) && client.hasBlob(sha256)) {
      present.add(sha256);
    }
    return present.contains(sha256);
  }

  private void count(int bytes) {
    sent += bytes;
    progress.accept(sent);
  }

  private static Map<String, Object> descriptor(String type, Entry entry) {
    Map<String, Object> descriptor = new LinkedHashMap<>();
    descriptor.put("mediaType", type);
    descriptor.put("digest", BlobNames.digest(entry.sha256()));
    descriptor.put("size", entry.bytes());
    return descriptor;
  }

  @Override
  public void close() {
    client.close();
  }

  private final class Blob extends Content {
    private final @Nullable String name;
    private final @Nullable String digest;
    private final boolean there;
    private final BlobNames.Sum sum = new BlobNames.Sum();
    private final ByteArrayOutputStream small = new ByteArrayOutputStream();
    private final byte[] chunk = new byte[RegistryClient.CHUNK];
    private int filled;
    private long size;
    private long at;
    private @Nullable URI upload;
    private @Nullable Entry ended;

    /**
     * A blob to send.
     *
     * @param digest where it is known before
     */
    Blob(@Nullable String name, @Nullable String digest) {
      this.name = name;
      this.digest = digest;
      this.there = digest != null && isThere(digest);
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      sum.add(bytes, from, length);
      size += length;
      if (size <= SMALL) {
        small.write(bytes, from, length);
      }
      int read = from;
      while (!there && read < from + length) {
        if (filled == chunk.length) {
          flushChunk();
        }
        int taken = Math.min(chunk.length - filled, from + length - read);
        System.arraycopy(bytes, read, chunk, filled, taken);
        filled += taken;
        read += taken;
      }
    }

    private void flushChunk() {
      URI to = upload == null ? client.beginUpload() : upload;
      upload = client.upload(to, chunk, filled, at);
      at += filled;
      count(filled);
      filled = 0;
    }

    @Override
    public Entry end() throws IOException {
      if (ended != null) {
        return ended;
      }
      String hex = sum.hex();
      if (digest != null && !digest.equals(hex)) {
        throw new IOException("the image has changed while it was read: push again");
      }
      Entry entry = new Entry(name == null ? BlobNames.name(hex) : name, size, hex);
      ended = entry;
      if (size <= SMALL) {
        texts.put(entry.name(), small.toByteArray());
      }
      if (there || (upload == null && isThere(hex))) {
        spared += size;
      } else {
        flushChunk();
        client.endUpload(Objects.requireNonNull(upload), hex);
        present.add(hex);
      }
      Entry same = entries.putIfAbsent(entry.name(), entry);
      return same == null ? entry : same;
    }
  }
}
