package dev.orchestrator.archive;

import java.io.IOException;
import java.io.InputStream;

/** A stream that is read in blocks; a single byte is a block of one. */
abstract class BlockInputStream extends InputStream {

  /** Reads into part of an array, which is not empty; -1 at the end. */
  protected abstract int readBlock(byte[] bytes, int from, int length) throws IOException;

  @Override
  public final int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public final int read(byte[] bytes, int from, int length) throws IOException {
    return length == 0 ? 0 : readBlock(bytes, from, length);
  }
}
