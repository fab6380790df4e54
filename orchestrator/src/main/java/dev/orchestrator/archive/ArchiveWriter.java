package dev.orchestrator.archive;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.archive.ArchiveContents.Image;
import dev.orchestrator.archive.ArchiveContents.Secrets;
import dev.orchestrator.archive.ArchiveContents.Volume;
import dev.orchestrator.common.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes an archive: {@link #image} first, then a {@link #volume} for each data volume, the
 * release's {@link #files}, the {@link #secrets}, and {@link #finish}. The file appears under its
 * name when it is complete, and not at all when the writer is closed before. One thread at a time.
 *
 * <p>The file is an image archive as {@code docker save} of Docker 25 writes it, which every Docker
 * from 20.10 on loads. Between the blobs it has entries that only we read, below {@code
 * orchestrator/}. It is not compressed as a whole, and its layers are as the engine saved them:
 * Docker 20.10 unpacks no zstd. What makes up most of it is compressed inside, the packed images
 * and the data.
 */
public final class ArchiveWriter implements AutoCloseable {
  static final String OURS = "orchestrator/";
  static final String HEAD = OURS + "archive.json";
  static final String FILES = OURS + "files.tar";
  static final String SECRETS = OURS + "secrets";
  static final String CONTENTS = OURS + "contents.json";
  static final String DIGEST = OURS + "contents.sha256";

  private static final String VOLUME_NAME = "[a-z0-9][a-z0-9_-]{0,62}";

  private final ArchiveHead head;
  private final ArchiveTarget file;
  private final List<Volume> volumes = new ArrayList<>();
  private final List<DataOf> data = new ArrayList<>();
  private @Nullable SavedImage image;
  private String reference = "";
  private Secrets secrets = Secrets.NONE;

  /** Refuses a name that is taken, and a folder that isn't there. */
  public ArchiveWriter(Path target, ArchiveHead head) {
    this(target, head, false);
  }

  /**
   * Refuses a folder that isn't there.
   *
   * @param replace whether a file of that name is replaced, once this one is whole
   */
  public ArchiveWriter(Path target, ArchiveHead head, boolean replace) {
    this(file(target, replace), head);
  }

  /** Writes to any target, which is closed with this. */
  public ArchiveWriter(ArchiveTarget target, ArchiveHead head) {
    this.head = head;
    file = target;
    try {
      file.entry(HEAD, bytes(head));
    } catch (IOException e) {
      close();
      throw failure(e);
    }
  }

  private static ArchiveTarget file(Path target, boolean replace) {
    try {
      return new ArchiveFile(target, replace);
    } catch (IOException e) {
      throw new ArchiveException("can't write %s: %s".formatted(target, e.getMessage()), e);
    }
  }

  /**
   * Copies the capsule's image.
   *
   * @param saved what the engine gives for {@code docker save}, closed by the caller
   * @param name the name that the image is to have where the file is loaded
   * @param without secrets to take out of it
   */
  public void image(InputStream saved, String name, SecretFilter without) {
    try {
      SavedImage copied = SavedImage.copy(saved, without, file);
      String architecture = Json.tree(copied.config()).path("architecture").asText();
      if (!architecture.equals(head.architecture())) {
        throw new ArchiveException(
            "image %s is for %s, and the stack for %s"
                .formatted(name, architecture, head.architecture()));
      }
      secrets =
          new Secrets(
              false, List.copyOf(without.variables().keySet()), List.copyOf(without.files()));
      image = copied;
      reference = name;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Copies a data volume.
   *
   * @param name {@code data} for the main one
   * @param stream a tar of the volume's root, packed by zstd or not; closed by the caller
   * @param bytes what the volume's files take on a disk
   * @param files how many there are
   */
  public void volume(String name, InputStream stream, long bytes, long files) {
    if (!name.matches(VOLUME_NAME)) {
      throw new IllegalArgumentException("not the name of a data volume: " + name);
    }
    try (ArchiveTarget.Content out = file.blob()) {
      byte[] begin = stream.readNBytes(TarHeader.BLOCK);
      Compression compression = Compression.of(begin);
      InputStream whole = new SequenceInputStream(new ByteArrayInputStream(begin), stream);
      long archived;
      try (InputStream ahead = ReadAhead.of(whole)) {
        archived = DataLayer.write(name, ahead, out);
      }
      if (archived == 0) {
        throw new ArchiveException("the data of volume %s came out empty".formatted(name));
      }
      Entry layer = out.end();
      String kind = compression == Compression.ZSTD ? "zstd" : "none";
      volumes.add(new Volume(name, Sha256.PREFIX + layer.sha256(), kind, bytes, files, archived));
      data.add(new DataOf("data of volume " + name, layer));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Copies the files of the release and of the stack's settings.
   *
   * @param tar closed by the caller
   */
  public void files(InputStream tar) {
    try {
      file.entry(FILES, tar);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /** Adds the secrets that were taken out of the image, encrypted. */
  public void secrets(SecretBundle bundle, char[] passphrase) {
    try {
      file.entry(SECRETS, SecretBox.encrypt(bundle.toJson(), passphrase));
      secrets = new Secrets(true, bundle.variableNames(), bundle.fileNames());
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Ends the file and gives it its name.
   *
   * @param settings texts by file name, for a person to read
   */
  public ArchiveContents finish(Map<String, String> settings) {
    SavedImage own = image;
    if (own == null) {
      throw new IllegalStateException("an archive without an image");
    }
    try {
      Entry config = file.blob(own.config().getBytes(StandardCharsets.UTF_8));
      ImageManifest manifest = new ImageManifest(config, own.layers(), head.architecture());
      Entry ownManifest = file.blob(manifest.manifest());
      ImageManifest loaded = volumes.isEmpty() ? manifest : withData(own);
      Entry loadedManifest = file.blob(loaded.manifest());
      file.entry(ImageManifest.DOCKER, loaded.docker(reference));
      file.entry(ImageManifest.INDEX, loaded.index(loadedManifest, reference));
      file.entry(ImageManifest.LAYOUT, ImageManifest.layout());
      ArchiveContents contents =
          new ArchiveContents(
              head,
              new Image(
                  Sha256.PREFIX + config.sha256(),
                  Sha256.PREFIX + ownManifest.sha256(),
                  Sha256.PREFIX + loaded.config().sha256(),
                  reference,
                  own.layers().stream().mapToLong(each -> each.blob().bytes()).sum()),
              new LinkedHashMap<>(settings),
              List.copyOf(volumes),
              secrets,
              file.entries());
      Entry written = file.entry(CONTENTS, bytes(contents));
      file.entry(DIGEST, written.sha256().getBytes(StandardCharsets.US_ASCII));
      file.publish();
      return contents;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * The image with the data: the capsule's own configuration, which names more layers. The last one
   * tells the capsule what the data is.
   */
  private ImageManifest withData(SavedImage own) throws IOException {
    String id = data.get(0).layer().sha256();
    data.add(new DataOf("list of the data", list(id)));
    ObjectNode config = (ObjectNode) Json.tree(own.config());
    ArrayNode diffs = config.withObject("rootfs").withArray("diff_ids");
    List<SavedImage.Layer> layers = new ArrayList<>(own.layers());
    for (DataOf each : data) {
      diffs.add(Sha256.PREFIX + each.layer().sha256());
      layers.add(new SavedImage.Layer(each.layer(), SavedImage.TAR));
      // Engines count the history's entries against the layers, where there is a history.
      if (!config.path("history").isEmpty()) {
        config
            .withArray("history")
            .addObject()
            .put("created", head.created().toString())
            .put("created_by", "orchestrator export: " + each.what());
      }
    }
    config.withObject("config").withObject("Labels").put("dev.orchestrator.data", id);
    return new ImageManifest(
        file.blob(Json.write(config).getBytes(StandardCharsets.UTF_8)),
        layers,
        head.architecture());
  }

  /** What the capsule reads at its first start. */
  private Entry list(String id) throws IOException {
    try (ArchiveTarget.Content out = file.blob()) {
      Map<String, Object> list = new LinkedHashMap<>();
      list.put("id", id);
      list.put("created", head.created().toString());
      list.put("volumes", volumes);
      DataLayer.writeFile("index.json", bytes(list), out);
      return out.end();
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private ArchiveException failure(IOException e) {
    return new ArchiveException(
        "can't write %s: %s".formatted(file.description(), e.getMessage()), e);
  }

  private static byte[] bytes(Object json) {
    return Json.write(json).getBytes(StandardCharsets.UTF_8);
  }

  /** A layer with data, and what the image's history says of it. */
  private record DataOf(String what, Entry layer) {}
}
