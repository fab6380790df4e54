package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.KernelPipe;
import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a relay: passes on the bytes that its source sends, and then the end of the
 * stream. Small messages are copied through the loop's buffer, which is one read and one write;
 * once reads fill the buffer, the bytes move inside the kernel, through a pipe (splice(2)). Nothing
 * is read while the sink is full.
 */
final class RelayDirection {
  /** After so many reads other connections of the loop get their turn. */
  private static final int READS_PER_TURN = 16;

  /** After so many full reads in a row the transfer counts as bulk, and is spliced. */
  private static final int FULL_READS_OF_BULK = 2;

  /** A splice of fewer bytes costs more than to copy them. */
  private static final int SMALLEST_SPLICE = 4096;

  private final TcpRelay relay;
  private final LoopContext loop;
  private final EpollSocket source;
  private final EpollSocket sink;
  private final LongAdder byteCounter;
  private @Nullable ByteBuf unsent; // read, and not yet taken by the sink
  private @Nullable KernelPipe pipe;
  private int bytesInPipe;
  private int fullReads;
  private boolean moved;
  private boolean sourceEnded;
  private boolean ending;
  private boolean endPassed;
  private @Nullable StreamEnding streamEnding;

  RelayDirection(
      TcpRelay relay,
      LoopContext loop,
      EpollSocket source,
      EpollSocket sink,
      LongAdder byteCounter) {
    this.relay = relay;
    this.loop = loop;
    this.source = source;
    this.sink = sink;
    this.byteCounter = byteCounter;
  }

  /** Shows the bytes that pass to the protocol, which may have something to say at a cut. */
  void setStreamEnding(StreamEnding protocol) {
    streamEnding = protocol;
  }

  /**
   * Sends bytes to the sink before everything that is read from the source.
   *
   * @param first is released
   * @param counted whether they are part of the figures
   */
  void sendFirst(ByteBuf first, boolean counted) {
    if (counted) {
      moved = true;
      byteCounter.add(first.readableBytes());
    }
    if (streamEnding != null) {
      streamEnding.follow(first.nioBuffer());
    }
    // Copied, as a socket is written from a single buffer outside of the heap alone.
    ByteBuf all = unsent == null ? loop.allocator.directBuffer(first.readableBytes()) : unsent;
    all.writeBytes(first);
    first.release();
    unsent = all;
  }

  /** Moves the bytes that can be moved now. */
  void pump() {
    for (int reads = 0; reads < READS_PER_TURN && relay.isOpen(); reads++) {
      if (!flush()) {
        return;
      }
      if (ending && !endPassed) {
        if (!sendLastBytes()) {
          return;
        }
        endPassed = true;
        relay.passEnd(this, sink);
      }
      if (sourceEnded || !source.isReadable() || !relay.isOpen()) {
        return;
      }
      if (fullReads < FULL_READS_OF_BULK || ending || streamEnding != null) {
        copy();
      } else {
        splice();
      }
    }
    if (relay.isOpen()) {
      loop.eventLoop.execute(this::pump);
    }
  }

  /** Writes the bytes that were read before; true when the sink has taken all of them. */
  private boolean flush() {
    if (unsent != null) {
      ByteBuffer bytes = unsent.nioBuffer();
      int before = bytes.remaining();
      if (sink.isWritable() && !sink.write(bytes)) {
        relay.handleBroken(sink);
        return false;
      }
      unsent.skipBytes(before - bytes.remaining());
      if (unsent.isReadable()) {
        return false;
      }
      unsent.release();
      unsent = null;
    }
    while (pipe != null && bytesInPipe > 0) {
      int moved = sink.isWritable() ? sink.spliceFrom(pipe, bytesInPipe) : 0;
      if (moved == EpollSocket.BROKEN) {
        relay.handleBroken(sink);
      }
      if (moved <= 0) {
        return false;
      }
      bytesInPipe -= moved;
    }
    return true;
  }

  /** Sends what the protocol has to say before the end; true when the sink has taken it. */
  private boolean sendLastBytes() {
    StreamEnding protocol = streamEnding;
    streamEnding = null;
    ByteBuf last = protocol == null ? null : relay.lastBytes(protocol);
    if (last != null) {
      sendFirst(last, false);
    }
    return flush();
  }

  private void copy() {
    returnPipe();
    int count = source.read(loop, LoopContext.BUFFER_SIZE);
    if (count == EpollSocket.BROKEN) {
      relay.handleBroken(source);
    } else if (count == EpollSocket.END) {
      endSource();
    }
    if (count <= 0 || ending) {
      return; // a relay that is cut reads on, so that closing does not reset the connection
    }
    countMoved(count);
    if (streamEnding != null) {
      streamEnding.follow(loop.bytesOfBuffer(count));
    }
    fullReads = count == LoopContext.BUFFER_SIZE ? fullReads + 1 : 0;
    int written = sink.isWritable() ? sink.write(loop, 0, count) : 0;
    if (written == EpollSocket.BROKEN) {
      relay.handleBroken(sink);
    } else if (written < count) {
      unsent = loop.copyOfBuffer(written, count);
    }
  }

  private void splice() {
    if (pipe == null) {
      pipe = loop.borrowPipe();
      if (pipe == null) {
        fullReads = 0;
        return;
      }
    }
    int count = source.spliceTo(pipe, KernelPipe.CAPACITY);
    if (count > 0) {
      countMoved(count);
      bytesInPipe = count;
      fullReads = count < SMALLEST_SPLICE ? 0 : fullReads;
    } else if (count == EpollSocket.BROKEN) {
      relay.handleBroken(source);
    } else {
      copy(); // splice gives 0 for no bytes now and for the end; a read tells them apart
    }
  }

  private void countMoved(int count) {
    moved = true;
    byteCounter.add(count);
    relay.touch();
  }

  /** Takes note that nothing more comes from the source. */
  void endSource() {
    sourceEnded = true;
    ending = true;
    relay.noteEnd(this);
    relay.closeWhenDone();
  }

  /** Passes the end of the stream on after the last byte; bytes that come later are thrown away. */
  void end() {
    ending = true;
    pump();
  }

  /** Goes on without a sink: bytes that the source still sends are thrown away. */
  void abandonSink() {
    release();
    ending = true;
    endPassed = true;
    pump();
  }

  /** Whether any byte of the source was to be passed on. */
  boolean hasMoved() {
    return moved;
  }

  /** Whether the source has sent its end. */
  boolean hasSourceEnded() {
    return sourceEnded;
  }

  /** True when nothing can come from the source any more, and the sink has been sent the end. */
  boolean isDone() {
    return sourceEnded && endPassed;
  }

  void release() {
    if (unsent != null) {
      unsent.release();
      unsent = null;
    }
    if (pipe != null && bytesInPipe > 0) {
      pipe.close(); // another connection must not get its bytes
      pipe = null;
    }
    returnPipe();
  }

  private void returnPipe() {
    if (pipe != null) {
      loop.returnPipe(pipe);
      pipe = null;
    }
  }
}
