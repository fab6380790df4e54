package dev.orchestrator.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.archive.ArchiveContents.Volume;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads an archive. Opening it looks at the first entry and at the list at the end, which takes
 * milliseconds whatever the size; {@link #verify} reads all of it. Whatever else is read is
 * compared with its digest too, at its end. What is wrong with a file is a {@link RefusedException}
 * of one line that names the file and the place in it. One thread at a time.
 */
public final class ArchiveReader implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  /** A list of contents is far smaller; the size in a damaged file may be anything. */
  private static final long LONGEST_TEXT = 64L << 20;

  private final Path path;
  private final FileChannel channel;
  private final ArchiveHead head;
  private final ArchiveContents contents;
  private final Map<String, Place> places;

  /** Where an entry's content is in the file. */
  private record Place(Entry entry, long at) {}

  /** Opens a file; refuses what is no archive of ours, of a newer form, cut off, or altered. */
  public ArchiveReader(Path path) {
    this.path = path;
    FileChannel opened = open(path);
    boolean done = false;
    try {
      channel = opened;
      head = readHead();
      places = readPlaces();
      contents = readContents();
      done = true;
    } catch (IOException e) {
      throw unreadable(e);
    } finally {
      if (!done) {
        closeQuietly(opened);
      }
    }
  }

  private static FileChannel open(Path path) {
    try {
      if (Files.isDirectory(path)) {
        throw new RefusedException("%s is a folder, not a file of an export".formatted(path));
      }
      return FileChannel.open(path, StandardOpenOption.READ);
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new RefusedException("there is no file %s".formatted(path), e);
    } catch (IOException e) {
      throw new RefusedException("can't read %s: %s".formatted(path, e.getMessage()), e);
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
      try (InputStream in = content(each.name())) {
        in.transferTo(OutputStream.nullOutputStream());
        requirePadding(place(each.name()));
      } catch (IOException e) {
        throw unreadable(e);
      }
      read += each.bytes();
      progress.accept(read);
    }
  }

  /** No byte of the file may be another one, not even one that nobody reads. */
  private void requirePadding(Place place) throws IOException {
    Entry entry = place.entry();
    int padding = TarHeader.padding(entry.bytes());
    byte[] bytes = bytes(place.at() + entry.bytes(), padding);
    if (!Arrays.equals(bytes, new byte[padding])) {
      throw damaged(entry.name(), "something was added behind it");
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
    JsonNode manifest = Json.tree(text(blob(contents.image().manifest()).name()));
    List<SavedImage.Layer> layers = new ArrayList<>();
    for (JsonNode each : manifest.path("layers")) {
      layers.add(
          new SavedImage.Layer(
              blob(each.path("digest").asText()), each.path("mediaType").asText()));
    }
    byte[] config = config(labels);
    Entry configBlob = ArchiveFile.blobOf(config);
    ImageManifest image = new ImageManifest(configBlob, layers, head.architecture());
    for (String name : layers.stream().map(each -> each.blob().name()).distinct().toList()) {
      try (InputStream in = content(name)) {
        write(name, place(name).entry().bytes(), in, out);
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
    String text = text(blob(contents.image().id()).name());
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
        return DataLayer.stream(name, content(blob(each.layer()).name()));
      }
    }
    throw new RefusedException("%s has no data volume %s".formatted(path, name));
  }

  /** The tar of the release's files and the stack's settings. Closed by the caller. */
  public InputStream files() throws IOException {
    return content(ArchiveWriter.FILES);
  }

  /** The secrets; refuses another passphrase than that of the export. */
  public SecretBundle secrets(char[] passphrase) {
    if (!contents.secrets().encrypted()) {
      throw new RefusedException(
          "%s was exported without secrets: it has none to decrypt".formatted(path));
    }
    try (InputStream in = content(ArchiveWriter.SECRETS)) {
      return SecretBundle.read(SecretBox.decrypt(in.readAllBytes(), passphrase));
    } catch (IOException e) {
      throw unreadable(e);
    } catch (RefusedException e) {
      throw new RefusedException("%s: %s".formatted(path, e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new IllegalStateException("a file that was only read", e);
    }
  }

  private ArchiveHead readHead() throws IOException {
    byte[] block = block(0);
    Compression compression = Compression.of(block);
    if (compression != Compression.NONE) {
      throw new RefusedException(
          "%s is compressed: unpack it with %s first".formatted(path, compression.program()));
    }
    if (block.length == 0) {
      throw new RefusedException("%s is empty".formatted(path));
    }
    TarHeader first = header(block);
    if (first == null) {
      throw new RefusedException(
          "%s is not a file of 'orchestrator export': it is no tar archive".formatted(path));
    }
    if (!first.name().equals(ArchiveWriter.HEAD)) {
      throw new RefusedException(
          "%s is not a file of 'orchestrator export': its first entry is %s, not %s"
              .formatted(path, printable(first.name()), ArchiveWriter.HEAD));
    }
    String text = text(TarHeader.BLOCK, first);
    JsonNode tree = json(text, ArchiveWriter.HEAD);
    int format = tree.path("format").asInt();
    if (format > ArchiveHead.FORMAT) {
      throw new RefusedException(
          "%s has format %d, written by orchestrator %s, and this one reads up to %d: use a newer one"
              .formatted(
                  path, format, printable(tree.path("program").asText()), ArchiveHead.FORMAT));
    }
    if (format < 1) {
      throw damaged(ArchiveWriter.HEAD, "it names no format");
    }
    return parse(text, ArchiveHead.class, ArchiveWriter.HEAD);
  }

  /** Goes from entry to entry to the end, without their contents. */
  private Map<String, Place> readPlaces() throws IOException {
    Map<String, Place> found = new LinkedHashMap<>();
    long end = channel.size();
    long at = 0;
    String last = "its head";
    while (true) {
      byte[] block = block(at);
      if (block.length < TarHeader.BLOCK) {
        throw cutOff("behind " + last);
      }
      if (TarHeader.end(block)) {
        requireEnd(at, last);
        return found;
      }
      TarHeader header = header(block);
      if (header == null
          || header.type() != TarHeader.FILE
          || !Arrays.equals(block, header.bytes(ArchiveFile.MODE))) {
        throw damaged(
            "byte " + at, "what comes behind %s is not the header of an entry".formatted(last));
      }
      long next = at + TarHeader.BLOCK + header.size() + TarHeader.padding(header.size());
      if (next < at || next > end) {
        throw cutOff(
            "in %s, after %s of its %s"
                .formatted(
                    header.name(),
                    HumanText.bytes(Math.min(header.size(), end - at - TarHeader.BLOCK)),
                    HumanText.bytes(header.size())));
      }
      last = header.name();
      Entry entry = new Entry(header.name(), header.size(), "");
      if (found.put(header.name(), new Place(entry, at + TarHeader.BLOCK)) != null) {
        throw damaged(last, "it is there twice");
      }
      at = next;
    }
  }

  private void requireEnd(long at, String last) throws IOException {
    byte[] second = block(at + TarHeader.BLOCK);
    if (second.length < TarHeader.BLOCK) {
      throw cutOff("behind " + last);
    }
    if (!TarHeader.end(second) || channel.size() != at + 2L * TarHeader.BLOCK) {
      throw damaged("its end", "something was added behind " + last);
    }
  }

  /** Reads the list of contents, and holds the entries that are there against it. */
  private ArchiveContents readContents() throws IOException {
    Place list = places.remove(ArchiveWriter.CONTENTS);
    Place sum = places.remove(ArchiveWriter.DIGEST);
    if (list == null || sum == null) {
      throw cutOff("before " + ArchiveWriter.CONTENTS);
    }
    requirePadding(list);
    requirePadding(sum);
    String text = text(list.at(), list.entry());
    if (!Sha256.hex(text.getBytes(StandardCharsets.UTF_8)).equals(text(sum.at(), sum.entry()))) {
      throw damaged(ArchiveWriter.CONTENTS, "its digest is another one");
    }
    ArchiveContents read = parse(text, ArchiveContents.class, ArchiveWriter.CONTENTS);
    List<Entry> there = places.values().stream().map(Place::entry).toList();
    List<Entry> listed = read.entries();
    for (int i = 0; i < Math.max(there.size(), listed.size()); i++) {
      if (i >= listed.size()) {
        throw damaged(there.get(i).name(), "it is not in the list of contents");
      }
      Entry entry = listed.get(i);
      if (i >= there.size() || !there.get(i).name().equals(entry.name())) {
        throw damaged(entry.name(), "it is not at its place");
      }
      if (there.get(i).bytes() != entry.bytes()) {
        throw damaged(entry.name(), "its size is another one");
      }
    }
    for (Entry each : listed) {
      places.computeIfPresent(each.name(), (name, place) -> new Place(each, place.at()));
    }
    if (!read.head().equals(head)) {
      throw damaged(ArchiveWriter.HEAD, "it is not that of the list of contents");
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
      if (name.isBlank() || !printable(name).equals(name)) {
        throw damaged(ArchiveWriter.CONTENTS, "\"%s\" can't be a name".formatted(printable(name)));
      }
    }
  }

  private Place place(String name) {
    Place place = places.get(name);
    if (place == null) {
      throw damaged(name, "it is missing");
    }
    return place;
  }

  private Entry blob(String digest) {
    return place(ArchiveFile.blobName(digest.replaceFirst("^" + Sha256.PREFIX, ""))).entry();
  }

  /** The content of an entry, whose digest is compared at its end. */
  private InputStream content(String name) throws IOException {
    Place place = place(name);
    return new Checked(place.entry(), place.at());
  }

  private String text(String name) throws IOException {
    try (InputStream in = content(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String text(long at, TarHeader header) throws IOException {
    return text(at, new Entry(header.name(), header.size(), ""));
  }

  /** A text whose digest isn't known yet. */
  private String text(long at, Entry entry) throws IOException {
    if (entry.bytes() > LONGEST_TEXT) {
      throw damaged(entry.name(), "it is far too large");
    }
    byte[] bytes = bytes(at, (int) entry.bytes());
    if (bytes.length < entry.bytes()) {
      throw cutOff("in " + entry.name());
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private byte[] block(long at) throws IOException {
    return bytes(at, TarHeader.BLOCK);
  }

  /** Fewer where the file ends. */
  private byte[] bytes(long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
      // Goes on until all is there.
    }
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static @Nullable TarHeader header(byte[] block) {
    try {
      return block.length == TarHeader.BLOCK ? TarHeader.read(block) : null;
    } catch (IOException _) {
      return null;
    }
  }

  private JsonNode json(String text, String where) {
    try {
      return Json.tree(text);
    } catch (IllegalArgumentException e) {
      throw damaged(where, String.valueOf(e.getMessage()));
    }
  }

  private <T> T parse(String text, Class<T> type, String where) {
    try {
      return Json.read(text, type);
    } catch (IllegalArgumentException e) {
      throw damaged(where, String.valueOf(e.getMessage()));
    }
  }

  private RefusedException damaged(String where, String how) {
    return new RefusedException(
        "%s is damaged or was altered, at %s: %s; export it or copy it again"
            .formatted(path, printable(where), how));
  }

  private RefusedException cutOff(String where) {
    return new RefusedException(
        "%s is cut off %s, at %s: export it or copy it again"
            .formatted(path, printable(where), HumanText.bytes(sizeOrZero())));
  }

  private long sizeOrZero() {
    try {
      return channel.size();
    } catch (IOException _) {
      return 0;
    }
  }

  private RefusedException unreadable(IOException e) {
    return new RefusedException("can't read %s: %s".formatted(path, e.getMessage()), e);
  }

  /** A name out of a file that may be anybody's, for a line on a terminal. */
  private static String printable(String text) {
    String shown = text.length() > 300 ? text.substring(0, 300) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  /** The content of one entry. */
  private final class Checked extends InputStream {
    private final Entry entry;
    private final DigestInputStream in;
    private long left;
    private boolean checked;

    Checked(Entry entry, long at) throws IOException {
      this.entry = entry;
      this.left = entry.bytes();
      channel.position(at);
      this.in =
          new DigestInputStream(
              new BufferedInputStream(Channels.newInputStream(channel), BUFFER), Sha256.digest());
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (left == 0) {
        check();
        return -1;
      }
      int read = in.read(bytes, from, (int) Math.min(length, left));
      if (read < 0) {
        throw cutOff("in " + entry.name());
      }
      left -= read;
      if (left == 0) {
        check();
      }
      return read;
    }

    private void check() {
      if (!checked) {
        checked = true;
        if (!Sha256.hex(in.getMessageDigest()).equals(entry.sha256())) {
          throw damaged(entry.name(), "its digest is another one");
        }
      }
    }

    @Override
    public void close() {
      // The file stays open for the other entries.
    }
  }
}
