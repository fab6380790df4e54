package dev.orchestrator.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The layer of an image that has a data volume: {@code /capsule/data/VOLUME/NNNNNNNN}, the parts of
 * one stream of tar. Parts, because the size of a file comes before its content in a layer, and
 * that of the stream is not known; and one stream, because an engine that unpacks a layer keeps
 * neither sparse files, nor names that begin with {@code .wh.}, nor every extended attribute.
 */
final class DataLayer {
  /** Bytes of a part: so much of the data is in memory. */
  static final int PART = 8 << 20;

  private static final String ROOT = "capsule/data/";
  private static final int FOLDER_MODE = 0700;
  private static final int FILE_MODE = 0600;
  private static final int END = 2 * TarHeader.BLOCK;

  private DataLayer() {}

  /** Writes a layer; returns how many bytes the stream had. */
  static long write(String volume, InputStream stream, OutputStream layer) throws IOException {
    folder(ROOT, layer);
    folder(ROOT + volume + "/", layer);
    byte[] part = new byte[PART];
    long bytes = 0;
    for (int i = 0; ; i++) {
      int length = stream.readNBytes(part, 0, PART);
      if (length > 0) {
        file(partName(volume, i), part, length, layer);
        bytes += length;
      }
      if (length < PART) {
        layer.write(new byte[END]);
        return bytes;
      }
    }
  }

  /** Writes a layer that has one small file of {@code /capsule/data}. */
  static void writeFile(String name, byte[] content, OutputStream layer) throws IOException {
    folder(ROOT, layer);
    file(ROOT + name, content, content.length, layer);
    layer.write(new byte[END]);
  }

  private static String partName(String volume, int number) {
    return "%s%s/%08d".formatted(ROOT, volume, number);
  }

  private static void folder(String name, OutputStream layer) throws IOException {
    layer.write(new TarHeader(name, 0, TarHeader.FOLDER).bytes(FOLDER_MODE));
  }

  private static void file(String name, byte[] content, int length, OutputStream layer)
      throws IOException {
    layer.write(new TarHeader(name, length, TarHeader.FILE).bytes(FILE_MODE));
    layer.write(content, 0, length);
    layer.write(new byte[TarHeader.padding(length)]);
  }

  /** The stream that {@link #write} was given, out of its layer. */
  static InputStream stream(String volume, InputStream layer) {
    return new Parts(volume, layer);
  }

  private static final class Parts extends BlockInputStream {
    private final String volume;
    private final InputStream layer;
    private int next;
    private long left;
    private int padding;
    private boolean ended;

    Parts(String volume, InputStream layer) {
      this.volume = volume;
      this.layer = layer;
    }

    @Override
    protected int readBlock(byte[] bytes, int from, int length) throws IOException {
      while (left == 0) {
        if (ended) {
          return -1;
        }
        begin();
      }
      int read = layer.read(bytes, from, (int) Math.min(length, left));
      if (read < 0) {
        throw new IOException("the data of volume %s ends in the middle".formatted(volume));
      }
      left -= read;
      return read;
    }

    private void begin() throws IOException {
      layer.skipNBytes(padding);
      TarHeader header = header();
      while (header != null && header.type() == TarHeader.FOLDER) {
        header = header();
      }
      if (header == null) {
        // To the end, where the digest is checked.
        layer.transferTo(OutputStream.nullOutputStream());
        ended = true;
        return;
      }
      if (!header.name().equals(partName(volume, next))) {
        throw new IOException(
            "the data of volume %s has %s where part %d should be"
                .formatted(volume, header.name(), next));
      }
      next++;
      left = header.size();
      padding = TarHeader.padding(left);
    }

    private @Nullable TarHeader header() throws IOException {
      byte[] block = layer.readNBytes(TarHeader.BLOCK);
      if (block.length < TarHeader.BLOCK) {
        throw new IOException("the data of volume %s ends in the middle".formatted(volume));
      }
      return TarHeader.end(block) ? null : TarHeader.read(block);
    }

    @Override
    public void close() throws IOException {
      layer.close();
    }
  }
}
