package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.common.RefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of an archive whose contents are known before, filled entry by entry from elsewhere. What
 * an earlier try has left in {@code FILE.part} is compared with its digests and kept. One thread at
 * a time.
 */
public final class ArchiveCopy implements Closeable {
  /** Names of the entries that the list of contents doesn't have: itself and its digest. */
  public static final String CONTENTS = ArchiveWriter.CONTENTS;

  public static final String DIGEST = ArchiveWriter.DIGEST;

  private static final int BUFFER = 1 << 20;

  private final Path target;
  private final Path part;
  private final boolean replace;
  private final FileChannel channel;
  private final List<Entry> entries;
  private long kept;
  private int index;
  private long offset;
  private MessageDigest digest = Sha256.digest();

  /** Refuses a name that is taken. */
  public ArchiveCopy(Path target, boolean replace, ArchiveContents contents, Entry list, Entry sum)
      throws IOException {
    this.target = target.toAbsolutePath();
    this.part = this.target.resolveSibling(this.target.getFileName() + ".part");
    this.replace = replace;
    requireFree();
    entries = new ArrayList<>(contents.entries());
    entries.add(list);
    entries.add(sum);
    for (Entry entry : entries) {
      if (entry.bytes() < 0 || entry.name().length() > 100) {
        throw new RefusedException("the list of contents has an entry that can't be one");
      }
    }
    channel =
        FileChannel.open(
            part,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    boolean done = false;
    try {
      if (channel.tryLock() == null) {
        throw new RefusedException("another command writes %s now: wait for it".formatted(target));
      }
      keepWhatFits();
      done = true;
    } finally {
      if (!done) {
        channel.close();
      }
    }
  }

  private void requireFree() {
    if (!replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "%s exists: choose another name, or replace it with --force".formatted(target));
    }
  }

  private void keepWhatFits() throws IOException {
    long size = channel.size();
    channel.position(0);
    while (index < entries.size()) {
      long at = channel.position();
      Entry entry = entries.get(index);
      byte[] head = header(entry);
      if (size < at + head.length || !Arrays.equals(read(head.length), head)) {
        channel.position(at);
        break;
      }
      long there = Math.min(entry.bytes(), size - at - head.length);
      digest = Sha256.digest();
      for (long left = there; left > 0; ) {
        byte[] bytes = read((int) Math.min(BUFFER, left));
        digest.update(bytes);
        left -= bytes.length;
      }
      if (there < entry.bytes()) {
        offset = there;
        channel.truncate(channel.position());
        kept = channel.position();
        return;
      }
      int padding = TarHeader.padding(entry.bytes());
      if (!Sha256.hex(digest).equals(entry.sha256()) || size < channel.position() + padding) {
        channel.position(at);
        break;
      }
      channel.position(channel.position() + padding);
      index++;
    }
    channel.truncate(channel.position());
    kept = channel.position();
    begin();
  }

  private byte[] read(int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new IOException(part + " became shorter");
      }
    }
    return buffer.array();
  }

  private static byte[] header(Entry entry) {
    return new TarHeader(entry.name(), entry.bytes(), TarHeader.FILE).bytes(ArchiveFile.MODE);
  }

  private void begin() throws IOException {
    offset = 0;
    digest = Sha256.digest();
    if (index < entries.size()) {
      write(ByteBuffer.wrap(header(entries.get(index))));
    }
  }

  /** Bytes that were there from an earlier try. */
  public long kept() {
    return kept;
  }

  /** Bytes of the file so far. */
  public long bytes() throws IOException {
    return channel.position();
  }

  /** The entry to fill now; null when all are. */
  public @Nullable Entry next() {
    return index < entries.size() ? entries.get(index) : null;
  }

  /** How many bytes of it are there. */
  public long offset() {
    return offset;
  }

  public void write(byte[] bytes, int length) throws IOException {
    digest.update(bytes, 0, length);
    write(ByteBuffer.wrap(bytes, 0, length));
    offset += length;
  }

  /**
   * Compares an entry that is filled with its digest.
   *
   * @param from where it comes from, for a message
   */
  public void endEntry(String from) throws IOException {
    Entry entry = entries.get(index);
    if (!Sha256.hex(digest).equals(entry.sha256())) {
      channel.truncate(channel.position() - offset - TarHeader.BLOCK);
      throw new RefusedException(
          "%s has another digest than it should have, as %s gives it: push it again"
              .formatted(entry.name(), from));
    }
    write(ByteBuffer.allocate(TarHeader.padding(entry.bytes())));
    index++;
    begin();
  }

  /** Ends the file, and gives it its name once all of it is on the disk. */
  public void publish() throws IOException {
    write(ByteBuffer.allocate(2 * TarHeader.BLOCK));
    channel.force(true);
    requireFree();
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** What there is stays, for another try. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
