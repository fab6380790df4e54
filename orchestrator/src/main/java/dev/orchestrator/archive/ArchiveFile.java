package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import dev.orchestrator.common.RefusedException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A tar file that is written to while nobody knows yet how large its entries become: the block in
 * front of an entry is written again at its end. Until {@link #publish} it has a name of its own
 * beside the final one, and is gone when it is closed before. One thread at a time.
 */
final class ArchiveFile implements ArchiveTarget {
  /** Mode of every entry. */
  static final int MODE = 0644;

  private static final int BUFFER = 1 << 16;
  private static final Set<StandardOpenOption> OPTIONS =
      Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);

  /** The data of databases is in it. */
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** A process's locks of a file end when it closes any of its channels: so none may be opened. */
  private static final Set<Path> WRITTEN_HERE = ConcurrentHashMap.newKeySet();

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private final BackgroundFlush flush;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final boolean replace;
  private boolean published;

  /**
   * Refuses a name that is taken.
   *
   * @param replace whether a file of that name is replaced, once this one is whole
   */
  ArchiveFile(Path target, boolean replace) throws IOException {
    this.target = target.toAbsolutePath();
    this.replace = replace;
    this.partial = this.target.resolveSibling(this.target.getFileName() + ".part");
    if (Files.isDirectory(target)) {
      throw new RefusedException("%s is a folder: name a file".formatted(target));
    }
    if (!replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "%s exists: choose another name, or replace it with --force".formatted(target));
    }
    Path folder = this.target.getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw new RefusedException("there is no folder %s: make it first".formatted(folder));
    }
    if (!WRITTEN_HERE.add(this.target)) {
      throw written(target);
    }
    FileChannel opened = null;
    try {
      opened = FileChannel.open(partial, OPTIONS, OWNER_ALONE);
      if (opened.tryLock() == null) {
        throw written(target);
      }
      // What a killed export has left.
      opened.truncate(0);
    } catch (IOException | RuntimeException e) {
      WRITTEN_HERE.remove(this.target);
      if (opened != null) {
        opened.close();
      }
      throw e;
    }
    channel = opened;
    flush = new BackgroundFlush(() -> channel.force(false));
  }

  private static RefusedException written(Path target) {
    return new RefusedException("another export writes %s now: wait for it".formatted(target));
  }

  @Override
  public List<Entry> entries() {
    return new ArrayList<>(entries.values());
  }

  @Override
  public Content blob() throws IOException {
    return open(null);
  }

  @Override
  public Content named(String name) throws IOException {
    return open(name);
  }

  @Override
  public String description() {
    return target.toString();
  }

  static String blobName(String digest) {
    return "blobs/sha256/" + digest;
  }

  /** The blob that these bytes are. */
  static Entry blobOf(byte[] content) {
    String digest = Sha256.hex(content);
    return new Entry(blobName(digest), content.length, digest);
  }

  private Content open(@Nullable String name) throws IOException {
    long at = channel.position();
    channel.write(ByteBuffer.allocate(TarHeader.BLOCK));
    return new FileContent(name, at);
  }

  /** Ends the tar file, and gives it its name once all of it is on the disk. */
  @Override
  public void publish() throws IOException {
    writeAll(ByteBuffer.allocate(2 * TarHeader.BLOCK));
    flush.await();
    channel.force(true);
    if (!replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "%s was made by somebody else meanwhile: choose another name".formatted(target));
    }
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    published = true;
    Path folder = target.getParent();
    if (folder != null) {
      try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
        opened.force(true);
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      if (!published) {
        Files.deleteIfExists(partial);
      }
      channel.close();
    } finally {
      WRITTEN_HERE.remove(target);
    }
  }

  private void writeAll(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private final class FileContent extends Content {
    private final @Nullable String name;
    private final long at;
    private final DigestOutputStream out;
    private @Nullable Entry ended;

    private FileContent(@Nullable String name, long at) {
      this.name = name;
      this.at = at;
      // A channel's stream leaves the channel open as long as nobody closes the stream.
      this.out =
          new DigestOutputStream(
              new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER), Sha256.digest());
    }

    @Override
    public void write(int one) throws IOException {
      out.write(one);
      flush.wrote(1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      out.write(bytes, from, length);
      flush.wrote(length);
    }

    /** Writes the block in front of it; a blob that the file has already is taken out again. */
    @Override
    public Entry end() throws IOException {
      if (ended != null) {
        return ended;
      }
      out.flush();
      long size = channel.position() - at - TarHeader.BLOCK;
      String digest = Sha256.hex(out.getMessageDigest());
      Entry entry = new Entry(name == null ? blobName(digest) : name, size, digest);
      ended = entry;
      Entry same = entries.putIfAbsent(entry.name(), entry);
      if (same != null) {
        if (name != null) {
          throw new IllegalStateException("two entries with the name " + name);
        }
        channel.truncate(at);
        return same;
      }
      writeAll(ByteBuffer.allocate(TarHeader.padding(size)));
      long end = channel.position();
      channel.position(at);
      writeAll(ByteBuffer.wrap(new TarHeader(entry.name(), size, TarHeader.FILE).bytes(MODE)));
      channel.position(end);
      return entry;
    }
  }
}
