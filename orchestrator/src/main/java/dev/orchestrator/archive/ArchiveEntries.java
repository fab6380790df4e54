package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The entries of an archive's file: where each is, and its content, which is compared with its
 * digest once that is known. What is wrong with the file is a {@link RefusedException} that names
 * the place in it. One thread at a time.
 */
final class ArchiveEntries implements AutoCloseable {
  private static final int BUFFER = 1 << 18;

  /** A list of contents is far smaller; the size in a damaged file may be anything. */
  private static final long LONGEST_TEXT = 64L << 20;

  private final Path path;
  private final FileChannel channel;
  private final Map<String, Place> places = new LinkedHashMap<>();

  /** Where an entry's content is in the file. */
  private record Place(Entry entry, long at) {}

  ArchiveEntries(Path path) {
    this.path = path;
    try {
      if (Files.isDirectory(path)) {
        throw new RefusedException("%s is a folder, not a file of an export".formatted(path));
      }
      channel = FileChannel.open(path, StandardOpenOption.READ);
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new RefusedException("there is no file %s".formatted(path), e);
    } catch (IOException e) {
      throw new RefusedException("can't read %s: %s".formatted(path, e.getMessage()), e);
    }
  }

  /** Goes from entry to entry to the end, without their contents. */
  void find() throws IOException {
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
        return;
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
      if (places.put(header.name(), new Place(entry, at + TarHeader.BLOCK)) != null) {
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

  /** Takes an entry out that the list of contents doesn't have; its text, or null. */
  @Nullable String take(String name) throws IOException {
    Place place = places.remove(name);
    if (place == null) {
      return null;
    }
    requirePadding(place);
    return text(place.at(), place.entry());
  }

  /** Requires the entries to be those of the list of contents, whose digests they get. */
  void require(List<Entry> listed) {
    List<Entry> there = places.values().stream().map(Place::entry).toList();
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
  }

  private Place place(String name) {
    Place place = places.get(name);
    if (place == null) {
      throw damaged(name, "it is missing");
    }
    return place;
  }

  /** An entry, which must be there. */
  Entry entry(String name) {
    return place(name).entry();
  }

  /** The blob with a digest, which must be there. */
  Entry blob(String digest) {
    return entry(ArchiveFile.blobName(digest.replaceFirst("^" + Sha256.PREFIX, "")));
  }

  /** The content of an entry, whose digest is compared at its end. */
  InputStream content(String name) throws IOException {
    Place place = place(name);
    return new Checked(place.entry(), place.at());
  }

  /** The content of an entry as a text. */
  String text(String name) throws IOException {
    try (InputStream in = content(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** A text whose digest isn't known yet. */
  String text(long at, Entry entry) throws IOException {
    if (entry.bytes() > LONGEST_TEXT) {
      throw damaged(entry.name(), "it is far too large");
    }
    byte[] bytes = bytes(at, (int) entry.bytes());
    if (bytes.length < entry.bytes()) {
      throw cutOff("in " + entry.name());
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** No byte of the file may be another one, not even one that nobody reads. */
  void requirePadding(String name) throws IOException {
    requirePadding(place(name));
  }

  private void requirePadding(Place place) throws IOException {
    Entry entry = place.entry();
    int padding = TarHeader.padding(entry.bytes());
    byte[] bytes = bytes(place.at() + entry.bytes(), padding);
    if (!Arrays.equals(bytes, new byte[padding])) {
      throw damaged(entry.name(), "something was added behind it");
    }
  }

  byte[] block(long at) throws IOException {
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

  /** Null where a block is no header. */
  static @Nullable TarHeader header(byte[] block) {
    try {
      return block.length == TarHeader.BLOCK ? TarHeader.read(block) : null;
    } catch (IOException _) {
      return null;
    }
  }

  RefusedException damaged(String where, String how) {
    return new RefusedException(
        "%s is damaged or was altered, at %s: %s; export it or copy it again"
            .formatted(path, printable(where), how));
  }

  RefusedException cutOff(String where) {
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

  /** A name out of a file that may be anybody's, for a line on a terminal. */
  static String printable(String text) {
    String shown = text.length() > 300 ? text.substring(0, 300) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new IllegalStateException("a file that was only read", e);
    }
  }

  /** The content of one entry. */
  private final class Checked extends BlockInputStream {
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
    protected int readBlock(byte[] bytes, int from, int length) throws IOException {
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
