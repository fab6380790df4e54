package dev.orchestrator.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.archive.ArchiveContents.Volume;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Reads an archive. Opening it looks at the first entry and at the list at the end, which takes
 * milliseconds whatever the size; {@link #verify} reads all of it. Whatever else is read is
 * compared with its digest too, at its end. What is wrong with a file is a {@link RefusedException}
 * of one line that names the file and the place in it. One thread at a time.
 */
public final class ArchiveReader implements AutoCloseable {
  private final Path path;
  private final ArchiveEntries entries;
  private final ArchiveHead head;
  private final ArchiveContents contents;

  /** Opens a file; refuses what is no archive of ours, of a newer form, cut off, or altered. */
  public ArchiveReader(Path path) {
    this.path = path;
    entries = new ArchiveEntries(path);
    boolean done = false;
    try {
      head = readHead();
      entries.find();
      contents = readContents();
      done = true;
    } catch (IOException e) {
      throw unreadable(e);
    } finally {
      if (!done) {
        entries.close();
      }
    }
  }

  public ArchiveHead head() {
    return head;
  }

  public ArchiveContents contents() {
    return contents;
  }

  /**
   * Refuses an archive for another architecture than the engine's host has.
   *
   * @param machine as the engine or the kernel calls it: {@code amd64}, {@code x86_64}
   */
  public void requireArchitecture(String machine) {
    String here = architecture(machine);
    if (!here.equals(head.architecture())) {
      throw new RefusedException(
          "%s holds a stack for %s, and the engine's host is %s: export it on such a host"
              .formatted(path, head.architecture(), here));
    }
  }

  private static String architecture(String machine) {
    return switch (machine) {
      case "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      case "armv7l", "armv6l" -> "arm";
      case "i386", "i686" -> "386";
      default -> machine;
    };
  }

  /**
   * Reads the whole file and compares each entry with its digest.
   *
   * @param progress is told how many bytes have been read, now and then
   */
  public void verify(LongConsumer progress) {
    long read = 0;
    for (Entry each : contents.entries()) {
      try (InputStream in = entries.content(each.name())) {
        in.transferTo(OutputStream.nullOutputStream());
        entries.requirePadding(each.name());
      } catch (IOException e) {
        throw unreadable(e);
      }
      read += each.bytes();
      progress.accept(read);
    }
  }

  /**
   * Writes the image as {@code docker load} takes it, without the data: the capsule's own image, as
   * it was exported. The caller closes {@code out}.
   */
  public void writeImage(OutputStream out) throws IOException {
    writeImage(out, contents.image().reference(), Map.of());
  }

  /**
   * The same with another name.
   *
   * @param labels that the image gets, which make it another image
   */
  public void writeImage(OutputStream out, String reference, Map<String, String> labels)
      throws IOException {
    JsonNode manifest = Json.tree(entries.text(entries.blob(contents.image().manifest()).name()));
    List<SavedImage.Layer> layers = new ArrayList<>();
    for (JsonNode each : manifest.path("layers")) {
      layers.add(
          new SavedImage.Layer(
              entries.blob(each.path("digest").asText()), each.path("mediaType").asText()));
    }
    byte[] config = config(labels);
    Entry configBlob = ArchiveFile.blobOf(config);
    ImageManifest image = new ImageManifest(configBlob, layers, head.architecture());
    for (String name : layers.stream().map(each -> each.blob().name()).distinct().toList()) {
      try (InputStream in = entries.content(name)) {
        write(name, entries.entry(name).bytes(), in, out);
      }
    }
    byte[] written = image.manifest();
    Entry manifestBlob = ArchiveFile.blobOf(written);
    Map<String, byte[]> texts = new LinkedHashMap<>();
    texts.put(configBlob.name(), config);
    texts.put(manifestBlob.name(), written);
    texts.put(ImageManifest.DOCKER, image.docker(reference));
    texts.put(ImageManifest.INDEX, image.index(manifestBlob, reference));
    texts.put(ImageManifest.LAYOUT, ImageManifest.layout());
    for (Map.Entry<String, byte[]> each : texts.entrySet()) {
      byte[] text = each.getValue();
      write(each.getKey(), text.length, new ByteArrayInputStream(text), out);
    }
    out.write(new byte[2 * TarHeader.BLOCK]);
  }

  /** The image's configuration; the very bytes where it gets no labels. */
  private byte[] config(Map<String, String> labels) throws IOException {
    String text = entries.text(entries.blob(contents.image().id()).name());
    if (labels.isEmpty()) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    ObjectNode config = (ObjectNode) Json.tree(text);
    ObjectNode all = config.withObject("config").withObject("Labels");
    labels.forEach(all::put);
    return Json.write(config).getBytes(StandardCharsets.UTF_8);
  }

  private static void write(String name, long bytes, InputStream content, OutputStream out)
      throws IOException {
    out.write(new TarHeader(name, bytes, TarHeader.FILE).bytes(ArchiveFile.MODE));
    content.transferTo(out);
    out.write(new byte[TarHeader.padding(bytes)]);
  }

  /** The tar of a data volume, compressed as the contents say. Closed by the caller. */
  public InputStream volume(String name) throws IOException {
    for (Volume each : contents.volumes()) {
      if (each.name().equals(name)) {
        return DataLayer.stream(name, entries.content(entries.blob(each.layer()).name()));
      }
    }
    throw new RefusedException("%s has no data volume %s".formatted(path, name));
  }

  /** The tar of the release's files and the stack's settings. Closed by the caller. */
  public InputStream files() throws IOException {
    return entries.content(ArchiveWriter.FILES);
  }

  /** The secrets; refuses another passphrase than that of the export. */
  public SecretBundle secrets(char[] passphrase) {
    if (!contents.secrets().encrypted()) {
      throw new RefusedException(
          "%s was exported without secrets: it has none to decrypt".formatted(path));
    }
    try (InputStream in = entries.content(ArchiveWriter.SECRETS)) {
      return SecretBundle.read(SecretBox.decrypt(in.readAllBytes(), passphrase));
    } catch (IOException e) {
      throw unreadable(e);
    } catch (RefusedException e) {
      throw new RefusedException("%s: %s".formatted(path, e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    entries.close();
  }

  private ArchiveHead readHead() throws IOException {
    byte[] block = entries.block(0);
    Compression compression = Compression.of(block);
    if (compression != Compression.NONE) {
      throw new RefusedException(
          "%s is compressed: unpack it with %s first".formatted(path, compression.program()));
    }
    if (block.length == 0) {
      throw new RefusedException("%s is empty".formatted(path));
    }
    TarHeader first = ArchiveEntries.header(block);
    if (first == null) {
      throw new RefusedException(
          "%s is not a file of 'orchestrator export': it is no tar archive".formatted(path));
    }
    if (!first.name().equals(ArchiveWriter.HEAD)) {
      throw new RefusedException(
          "%s is not a file of 'orchestrator export': its first entry is %s, not %s"
              .formatted(path, ArchiveEntries.printable(first.name()), ArchiveWriter.HEAD));
    }
    String text = entries.text(TarHeader.BLOCK, new Entry(first.name(), first.size(), ""));
    JsonNode tree = json(text, ArchiveWriter.HEAD);
    int format = tree.path("format").asInt();
    if (format > ArchiveHead.FORMAT) {
      throw new RefusedException(
          "%s has format %d, written by orchestrator %s, and this one reads up to %d: use a newer one"
              .formatted(
                  path,
                  format,
                  ArchiveEntries.printable(tree.path("program").asText()),
                  ArchiveHead.FORMAT));
    }
    if (format < 1) {
      throw entries.damaged(ArchiveWriter.HEAD, "it names no format");
    }
    return parse(text, ArchiveHead.class, ArchiveWriter.HEAD);
  }

  /** Reads the list of contents, and holds the entries that are there against it. */
  private ArchiveContents readContents() throws IOException {
    String text = entries.take(ArchiveWriter.CONTENTS);
    String sum = entries.take(ArchiveWriter.DIGEST);
    if (text == null || sum == null) {
      throw entries.cutOff("before " + ArchiveWriter.CONTENTS);
    }
    if (!Sha256.hex(text.getBytes(StandardCharsets.UTF_8)).equals(sum)) {
      throw entries.damaged(ArchiveWriter.CONTENTS, "its digest is another one");
    }
    ArchiveContents read = parse(text, ArchiveContents.class, ArchiveWriter.CONTENTS);
    entries.require(read.entries());
    if (!read.head().equals(head)) {
      throw entries.damaged(ArchiveWriter.HEAD, "it is not that of the list of contents");
    }
    requireNames(read);
    return read;
  }

  /** The digests tell that nobody altered the file, not that whoever wrote it meant well. */
  private void requireNames(ArchiveContents read) {
    List<String> names =
        new ArrayList<>(
            List.of(
                head.program(),
                head.stack(),
                head.version(),
                head.architecture(),
                read.image().reference(),
                read.image().id()));
    read.volumes().forEach(each -> names.add(each.name()));
    names.addAll(read.settings().keySet());
    names.addAll(read.secrets().variables());
    names.addAll(read.secrets().files());
    for (String name : names) {
      if (name.isBlank() || !ArchiveEntries.printable(name).equals(name)) {
        throw entries.damaged(
            ArchiveWriter.CONTENTS,
            "\"%s\" can't be a name".formatted(ArchiveEntries.printable(name)));
      }
    }
  }

  private JsonNode json(String text, String where) {
    try {
      return Json.tree(text);
    } catch (IllegalArgumentException e) {
      throw entries.damaged(where, String.valueOf(e.getMessage()));
    }
  }

  private <T> T parse(String text, Class<T> type, String where) {
    try {
      return Json.read(text, type);
    } catch (IllegalArgumentException e) {
      throw entries.damaged(where, String.valueOf(e.getMessage()));
    }
  }

  private RefusedException unreadable(IOException e) {
    return new RefusedException("can't read %s: %s".formatted(path, e.getMessage()), e);
  }
}
