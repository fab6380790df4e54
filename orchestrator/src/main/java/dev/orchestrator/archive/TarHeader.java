package dev.orchestrator.archive;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One block of 512 bytes in front of an entry of a tar file. Names are at most 100 bytes of ASCII,
 * so that no entry has more than one block in front of it, which can be written anew when the
 * entry's size and name are known.
 */
record TarHeader(String name, long size, char type) {
  static final int BLOCK = 512;
  static final char FILE = '0';
  static final char FOLDER = '5';

  private static final int NAME = 100;
  private static final int MODE_AT = 100;
  private static final int SIZE_AT = 124;
  private static final int SIZE_DIGITS = 11;
  private static final int TIME_AT = 136;
  private static final int SUM_AT = 148;
  private static final int SUM = 8;
  private static final int TYPE_AT = 156;
  private static final int MAGIC_AT = 257;

  /** Larger sizes than eleven octal digits are written in binary, as GNU tar does. */
  private static final long OCTAL_SIZES = 1L << 33;

  /** How many zero bytes fill an entry of that size up to a whole number of blocks. */
  static int padding(long size) {
    return (int) ((BLOCK - size % BLOCK) % BLOCK);
  }

  /** The block, with a time of zero and the user root. */
  byte[] bytes(int mode) {
    byte[] block = new byte[BLOCK];
    byte[] named = name.getBytes(StandardCharsets.ISO_8859_1);
    if (named.length > NAME) {
      throw new IllegalArgumentException("a name of more than 100 bytes: " + name);
    }
    System.arraycopy(named, 0, block, 0, named.length);
    text(block, MODE_AT, "%07o".formatted(mode));
    text(block, MODE_AT + 8, "0000000");
    text(block, MODE_AT + 16, "0000000");
    text(block, TIME_AT, "00000000000");
    if (size < OCTAL_SIZES) {
      text(block, SIZE_AT, "%011o".formatted(size));
      text(block, MAGIC_AT, "ustar\00000");
    } else {
      block[SIZE_AT] = (byte) 0x80;
      for (int i = 0; i < Long.BYTES; i++) {
        block[SIZE_AT + SIZE_DIGITS - i] = (byte) (size >>> (Byte.SIZE * i));
      }
      text(block, MAGIC_AT, "ustar  ");
    }
    block[TYPE_AT] = (byte) type;
    text(block, SUM_AT, "%06o\0 ".formatted(sum(block)));
    return block;
  }

  /**
   * Reads a block that {@link #bytes} may have made; an exception's message says what it is not.
   */
  static TarHeader read(byte[] block) throws IOException {
    if (!sumIsRight(block)) {
      throw new IOException("not the header of an entry");
    }
    int end = 0;
    while (end < NAME && block[end] != 0) {
      end++;
    }
    String name = new String(block, 0, end, StandardCharsets.ISO_8859_1);
    return new TarHeader(name, size(block), (char) block[TYPE_AT]);
  }

  /** Whether it is one of the zero blocks that end a tar file. */
  static boolean end(byte[] block) {
    return Arrays.equals(block, new byte[BLOCK]);
  }

  private static boolean sumIsRight(byte[] block) {
    String digits =
        new String(block, SUM_AT, SUM, StandardCharsets.ISO_8859_1).replace('\0', ' ').strip();
    return digits.matches("[0-7]{1,7}") && Integer.parseInt(digits, 8) == sum(block);
  }

  /** The same block of any tar file, for another size. */
  static byte[] withSize(byte[] block, long size) {
    byte[] changed = block.clone();
    text(changed, SIZE_AT, "%011o\0".formatted(size));
    text(changed, SUM_AT, "%06o\0 ".formatted(sum(changed)));
    return changed;
  }

  /** The size in a block of any tar file. */
  static long size(byte[] block) throws IOException {
    if ((block[SIZE_AT] & 0x80) != 0) {
      long size = 0;
      for (int i = SIZE_DIGITS - Long.BYTES + 1; i <= SIZE_DIGITS; i++) {
        size = (size << Byte.SIZE) | (block[SIZE_AT + i] & 0xff);
      }
      if (size < 0) {
        throw new IOException("an entry of a negative size");
      }
      return size;
    }
    String digits =
        new String(block, SIZE_AT, SIZE_DIGITS + 1, StandardCharsets.ISO_8859_1)
            .replace('\0', ' ')
            .strip();
    if (!digits.matches("[0-7]{0,12}")) {
      throw new IOException("an entry without a size");
    }
    return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
  }

  /** The sum of all bytes, with those of the sum itself as spaces. */
  private static int sum(byte[] block) {
    int sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= SUM_AT && i < SUM_AT + SUM ? ' ' : block[i] & 0xff;
    }
    return sum;
  }

  private static void text(byte[] block, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }
}
