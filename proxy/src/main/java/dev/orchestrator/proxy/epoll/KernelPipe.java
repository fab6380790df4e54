package dev.orchestrator.proxy.epoll;

import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/** A pipe of the kernel, through which bytes move from socket to socket without being copied. */
public final class KernelPipe {
  /** What an empty one takes at least, in bytes; Linux's default, see pipe(7). */
  public static final int CAPACITY = 65_536;

  final FileDescriptor out;
  final FileDescriptor in;

  KernelPipe() throws IOException {
    FileDescriptor[] ends = FileDescriptor.pipe();
    out = ends[0];
    in = ends[1];
  }

  public void close() {
    try {
      out.close();
      in.close();
    } catch (IOException e) {
      throw new IllegalStateException("a pipe does not close", e);
    }
  }
}
