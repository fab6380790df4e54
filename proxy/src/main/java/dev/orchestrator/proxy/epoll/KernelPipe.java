package dev.orchestrator.proxy.epoll;

import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/** A pipe of the kernel: splice(2) moves bytes through it from socket to socket uncopied. */
public final class KernelPipe {
  /** The least number of bytes that an empty pipe takes: Linux's default, see pipe(7). */
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
