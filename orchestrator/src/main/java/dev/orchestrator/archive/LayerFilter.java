package dev.orchestrator.archive;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Copies the tar of a layer without some of its files, and with others changed. What it doesn't
 * touch it copies block by block, so that a layer that has none of these files comes out as it is.
 *
 * @param without names of files to leave out, without a slash in front
 * @param changed what becomes of the content of files
 */
record LayerFilter(Set<String> without, Map<String, UnaryOperator<byte[]>> changed) {
  private static final int TYPE_AT = 156;
  private static final int LINK_AT = 157;
  private static final int MAGIC_AT = 257;
  private static final int PREFIX_AT = 345;
  private static final int NAME_LENGTH = 100;
  private static final int PREFIX_LENGTH = 155;

  /** Whether more blocks follow that say where the holes are: in the first block, in the others. */
  private static final int MORE_HOLES_AT = 482;

  private static final int STILL_MORE_HOLES_AT = 504;

  /** Names and attributes in front of an entry, or a file that is changed. */
  private static final int LONGEST = 16 << 20;

  /** Whether it changes nothing. */
  boolean none() {
    return without.isEmpty() && changed.isEmpty();
  }

  void copy(InputStream in, OutputStream out) throws IOException {
    while (true) {
      Header header = header(in, out);
      if (header == null) {
        in.transferTo(out);
        return;
      }
      long padded = header.size() + TarHeader.padding(header.size());
      UnaryOperator<byte[]> change = changed.get(header.name());
      if (without.contains(header.name())) {
        copy(in, OutputStream.nullOutputStream(), padded);
      } else if (change != null && header.isFile()) {
        change(header, change, in, out);
      } else {
        if (header.isLink() && without.contains(header.link())) {
          throw new ArchiveException(
              "the image has %s by the name %s, too: declare both"
                  .formatted(header.link(), header.name()));
        }
        out.write(header.blocks());
        copy(in, out, padded);
      }
    }
  }

  private static void change(
      Header header, UnaryOperator<byte[]> change, InputStream in, OutputStream out)
      throws IOException {
    byte[] content = read(in, header.size());
    copy(in, OutputStream.nullOutputStream(), TarHeader.padding(header.size()));
    byte[] other = change.apply(content);
    byte[] blocks = header.blocks();
    if (!Arrays.equals(content, other)) {
      int last = blocks.length - TarHeader.BLOCK;
      byte[] block = Arrays.copyOfRange(blocks, last, blocks.length);
      System.arraycopy(TarHeader.withSize(block, other.length), 0, blocks, last, TarHeader.BLOCK);
    }
    out.write(blocks);
    out.write(other);
    out.write(new byte[TarHeader.padding(other.length)]);
  }

  /**
   * What is in front of an entry's content.
   *
   * @param size of the content in the tar
   * @param all its blocks, with those that say the name and attributes
   */
  private record Header(String name, char type, String link, long size, ByteArrayOutputStream all) {
    boolean isFile() {
      return type == '0' || type == '\0';
    }

    boolean isLink() {
      return type == '1';
    }

    byte[] blocks() {
      return all.toByteArray();
    }
  }

  /** Null at the end, whose first block it has copied. */
  private static @Nullable Header header(InputStream in, OutputStream out) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    String name = "";
    String link = "";
    long size = -1;
    while (true) {
      byte[] block = in.readNBytes(TarHeader.BLOCK);
      all.writeBytes(block);
      if (block.length < TarHeader.BLOCK || TarHeader.end(block)) {
        out.write(all.toByteArray());
        return null;
      }
      char type = (char) block[TYPE_AT];
      long own = TarHeader.size(block);
      if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
        byte[] text = read(in, own);
        all.writeBytes(text);
        all.writeBytes(in.readNBytes(TarHeader.padding(own)));
        if (type == 'L') {
          name = string(text, 0, text.length);
        } else if (type == 'K') {
          link = string(text, 0, text.length);
        } else if (type == 'x') {
          name = attribute(text, "path", name);
          link = attribute(text, "linkpath", link);
          String large = attribute(text, "size", "");
          size = large.isEmpty() ? size : Long.parseLong(large);
        }
        continue;
      }
      if (type == 'S') {
        for (int more = block[MORE_HOLES_AT]; more != 0; ) {
          byte[] holes = in.readNBytes(TarHeader.BLOCK);
          all.writeBytes(holes);
          more = holes.length < TarHeader.BLOCK ? 0 : holes[STILL_MORE_HOLES_AT];
        }
      }
      boolean content = type < '1' || type > '6';
      return new Header(
          plain(name.isEmpty() ? name(block) : name),
          type,
          plain(link.isEmpty() ? string(block, LINK_AT, NAME_LENGTH) : link),
          content ? (size < 0 ? own : size) : 0,
          all);
    }
  }

  private static String name(byte[] block) {
    String name = string(block, 0, NAME_LENGTH);
    boolean posix = string(block, MAGIC_AT, 6).equals("ustar");
    String prefix = posix ? string(block, PREFIX_AT, PREFIX_LENGTH) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  /** Without what may stand in front of and behind it. */
  private static String plain(String name) {
    return name.replaceFirst("^(\\./|/)+", "").replaceFirst("/+$", "");
  }

  private static String string(byte[] bytes, int from, int length) {
    int end = from;
    while (end < from + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, from, end - from, StandardCharsets.UTF_8);
  }

  /** A value of "LENGTH KEY=VALUE\n", whose length is that of all of it. */
  private static String attribute(byte[] text, String key, String otherwise) throws IOException {
    String found = otherwise;
    int at = 0;
    while (at < text.length) {
      int space = at;
      while (space < text.length && text[space] != ' ') {
        space++;
      }
      String digits = new String(text, at, space - at, StandardCharsets.US_ASCII);
      if (!digits.matches("[0-9]{1,8}")) {
        throw new IOException("the layer has attributes that can't be read");
      }
      int end = at + Integer.parseInt(digits);
      if (end <= space + 1 || end > text.length) {
        throw new IOException("the layer has attributes that can't be read");
      }
      String pair = new String(text, space + 1, end - space - 2, StandardCharsets.UTF_8);
      if (pair.startsWith(key + "=")) {
        found = pair.substring(key.length() + 1);
      }
      at = end;
    }
    return found;
  }

  private static byte[] read(InputStream in, long size) throws IOException {
    if (size > LONGEST) {
      throw new IOException("the layer has names or a text of %d bytes".formatted(size));
    }
    byte[] bytes = in.readNBytes((int) size);
    if (bytes.length < size) {
      throw new IOException("the layer ends in the middle");
    }
    return bytes;
  }

  /** Also where nothing is kept: a stream that counts or digests doesn't see what is skipped. */
  private static void copy(InputStream in, OutputStream out, long length) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = length;
    while (left > 0) {
      int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new IOException("the layer ends in the middle");
      }
      out.write(buffer, 0, read);
      left -= read;
    }
  }
}
