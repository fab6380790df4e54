package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.KernelPipe;
import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a link: passes on what its source sends, and the end of it. Small messages are
 * copied through the lane's buffer, which is one read and one write; once reads fill the buffer,
 * the bytes move inside the kernel, through a pipe (splice(2)). Nothing is read while the sink is
 * full.
 */
final class RelayDirection {
  /** After so many reads others get their turn. */
  private static final int TURNS = 16;

  /** So many full reads in a row make it bulk. */
  private static final int BULK = 2;

  /** A splice of fewer bytes costs more than to copy them. */
  private static final int SMALL = 4096;

  private final TcpRelay link;
  private final LoopContext lane;
  private final EpollSocket source;
  private final EpollSocket sink;
  private final LongAdder bytes;
  private @Nullable ByteBuf left; // read, and not yet taken by the sink
  private @Nullable KernelPipe pipe;
  private int inPipe;
  private int fullReads;
  private boolean sourceEnded;
  private boolean ending;
  private boolean endPassed;

  RelayDirection(
      TcpRelay link, LoopContext lane, EpollSocket source, EpollSocket sink, LongAdder bytes) {
    this.link = link;
    this.lane = lane;
    this.source = source;
    this.sink = sink;
    this.bytes = bytes;
  }

  /** Bytes that go before everything that is read; taken over. */
  void precede(ByteBuf first, boolean counted) {
    if (counted) {
      bytes.add(first.readableBytes());
    }
    // One buffer outside of the heap: no other kind can be written from.
    ByteBuf all = left == null ? lane.allocator.directBuffer(first.readableBytes()) : left;
    all.writeBytes(first);
    first.release();
    left = all;
  }

  /** Moves what can be moved now. */
  void pump() {
    for (int turn = 0; turn < TURNS && link.isOpen(); turn++) {
      if (!flushed()) {
        return;
      }
      if (ending && !endPassed) {
        endPassed = true;
        link.passEnd(this, sink);
      }
      if (sourceEnded || !source.readable() || !link.isOpen()) {
        return;
      }
      if (fullReads < BULK || ending) {
        copy();
      } else {
        splice();
      }
    }
    if (link.isOpen()) {
      lane.loop.execute(this::pump);
    }
  }

  /** True when the sink has all that was read. */
  private boolean flushed() {
    if (left != null) {
      ByteBuffer bytes = left.nioBuffer();
      int before = bytes.remaining();
      if (sink.writable() && !sink.write(bytes)) {
        link.broken(sink);
        return false;
      }
      left.skipBytes(before - bytes.remaining());
      if (left.isReadable()) {
        return false;
      }
      left.release();
      left = null;
    }
    while (pipe != null && inPipe > 0) {
      int moved = sink.writable() ? sink.spliceFrom(pipe, inPipe) : 0;
      if (moved == EpollSocket.BROKEN) {
        link.broken(sink);
      }
      if (moved <= 0) {
        return false;
      }
      inPipe -= moved;
    }
    return true;
  }

  private void copy() {
    returnPipe();
    int count = source.read(lane, LoopContext.BUFFER);
    if (count <= 0) {
      ended(count);
      return;
    }
    if (ending) {
      return; // cut: read on, so that closing does not reset
    }
    moved(count);
    fullReads = count == LoopContext.BUFFER ? fullReads + 1 : 0;
    int written = sink.writable() ? sink.write(lane, 0, count) : 0;
    if (written == EpollSocket.BROKEN) {
      link.broken(sink);
    } else if (written < count) {
      left = lane.keep(written, count);
    }
  }

  private void splice() {
    if (pipe == null) {
      pipe = lane.borrowPipe();
      if (pipe == null) {
        fullReads = 0;
        return;
      }
    }
    int count = source.spliceTo(pipe, KernelPipe.CAPACITY);
    if (count > 0) {
      moved(count);
      inPipe = count;
      fullReads = count < SMALL ? 0 : fullReads;
    } else if (count == EpollSocket.BROKEN) {
      link.broken(source);
    } else {
      copy(); // nothing now, or the end: only a read can tell
    }
  }

  private void moved(int count) {
    bytes.add(count);
    link.touch();
  }

  private void ended(int count) {
    if (count == EpollSocket.BROKEN) {
      link.broken(source);
    } else if (count == EpollSocket.END) {
      sourceEnded();
    }
  }

  /** Nothing more comes from the source. */
  void sourceEnded() {
    sourceEnded = true;
    ending = true;
    link.closeWhenOver();
  }

  /** Passes the end of the stream on, after the last byte; what the source still sends is lost. */
  void end() {
    ending = true;
    pump();
  }

  /** The sink is gone, and that is no news for the source: what it sends is thrown away. */
  void abandonSink() {
    release();
    ending = true;
    endPassed = true;
    pump();
  }

  /** True when nothing can come from the source any more, and the sink knows. */
  boolean over() {
    return sourceEnded && endPassed;
  }

  void release() {
    if (left != null) {
      left.release();
      left = null;
    }
    if (pipe != null && inPipe > 0) {
      pipe.close(); // bytes are left in it
      pipe = null;
    }
    returnPipe();
  }

  private void returnPipe() {
    if (pipe != null) {
      lane.returnPipe(pipe);
      pipe = null;
    }
  }
}
