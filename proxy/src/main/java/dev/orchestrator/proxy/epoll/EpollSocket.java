package dev.orchestrator.proxy.epoll;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of a connection: a socket on an event loop, which alone touches it. It is put on epoll
 * once, edge-triggered and for everything, and remembers what it may still do; so no system call is
 * spent on changing what it waits for, nothing is read before somebody wants it, and a peer that
 * leaves is noticed all the same.
 */
public final class EpollSocket implements EpollIoHandle {
  /** What {@link #read}, {@link #write} and the splices give for a connection that broke off. */
  public static final int BROKEN = -2;

  /** The end of the stream. */
  public static final int END = -1;

  private static final Logger log = LoggerFactory.getLogger(EpollSocket.class);
  private static final EpollIoOps EVERYTHING =
      EpollIoOps.valueOf(Native.EPOLLIN | Native.EPOLLOUT | Native.EPOLLRDHUP | Native.EPOLLET);
  private static final int EPOLLHUP = 0x10;
  private static final int GONE = EPOLLHUP | Native.EPOLLERR;

  /** Told, on the event loop, that something may be possible that was not before. */
  public interface Owner {
    void ready(EpollSocket wire);
  }

  private final Socket socket;
  private Owner owner;
  private @Nullable IoRegistration registration;
  private boolean readable;
  private boolean writable = true;
  private boolean ending;
  private boolean gone;

  public EpollSocket(Socket socket, Owner owner) {
    this.socket = socket;
    this.owner = owner;
  }

  /** To be called once, on the event loop. */
  public void register(IoEventLoop loop) throws IOException {
    IoRegistration registered = loop.register(this).getNow();
    if (registered == null) {
      throw new IOException("the event loop takes no more connections");
    }
    registration = registered;
    try {
      registered.submit(EVERYTHING);
    } catch (RuntimeException e) {
      throw new IOException(e);
    }
  }

  public void setOwner(Owner owner) {
    this.owner = owner;
  }

  public Socket socket() {
    return socket;
  }

  @Override
  public FileDescriptor fd() {
    return socket;
  }

  @Override
  public void handle(IoRegistration from, IoEvent event) {
    int ops = ((EpollIoEvent) event).ops().value();
    if ((ops & (Native.EPOLLRDHUP | GONE)) != 0) {
      ending = true;
      readable = true;
      gone = (ops & GONE) != 0;
    }
    if ((ops & Native.EPOLLIN) != 0) {
      readable = true;
    }
    if ((ops & (Native.EPOLLOUT | GONE)) != 0) {
      writable = true;
    }
    try {
      owner.ready(this);
    } catch (RuntimeException | LinkageError e) { // the latter: a class that can't be loaded
      // The loop would drop the events of others with it, or end.
      log.error("a connection is closed for an error of the proxy", e);
      close();
    }
  }

  public boolean isOpen() {
    return socket.isOpen();
  }

  public boolean readable() {
    return readable;
  }

  /** The peer has ended its stream or broken off; what it had sent may still be unread. */
  public boolean ending() {
    return ending;
  }

  /** The connection broke off, or has ended in both directions. */
  public boolean gone() {
    return gone;
  }

  /** Reads into the lane's buffer; 0 when there is nothing now. */
  public int read(LoopContext lane, int atMost) {
    try {
      int count = socket.recvAddress(lane.address, 0, atMost);
      // Less than asked for is all there was: no need to ask again (epoll(7)), but for the end.
      if (count == 0 || (count > 0 && count < atMost && !ending)) {
        readable = false;
      }
      return count;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Writes a part of the lane's buffer; less than asked for means that it is full now. */
  public int write(LoopContext lane, int from, int to) {
    try {
      int count = socket.sendAddress(lane.address, from, to);
      writable = count == to - from;
      return count;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Writes what remains of the buffer; false when the connection broke off. */
  public boolean write(ByteBuffer bytes) {
    try {
      int count = socket.send(bytes, bytes.position(), bytes.limit());
      bytes.position(bytes.position() + count);
      writable = !bytes.hasRemaining();
      return true;
    } catch (IOException | NotYetConnectedException e) {
      return false;
    }
  }

  public boolean writable() {
    return writable;
  }

  /** Moves bytes into an empty pipe, inside the kernel; 0 for none now, and for the end. */
  public int spliceTo(KernelPipe pipe, int atMost) {
    try {
      return Native.splice(socket.intValue(), -1, pipe.in.intValue(), -1, atMost);
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Moves bytes out of a pipe; 0 when the connection is full. */
  public int spliceFrom(KernelPipe pipe, int count) {
    try {
      int moved = Native.splice(pipe.out.intValue(), -1, socket.intValue(), -1, count);
      writable = moved > 0;
      return moved;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Tells the peer that nothing more comes, after the last byte written. */
  public void endOutput() {
    try {
      socket.shutdown(false, true);
    } catch (IOException | NotYetConnectedException e) {
      // It is gone: nothing is left to be told. Whoever reads it finds that out.
    }
  }

  /** Closes so that the peer sees that the stream broke off. */
  public void reset() {
    try {
      if (socket.isOpen()) {
        socket.setSoLinger(0);
      }
    } catch (IOException | NotYetConnectedException e) {
      // Not connected any more: there is nobody to be told.
    }
    close();
  }

  /** Takes it off the event loop, and leaves it open. */
  public void detach() {
    if (registration != null) {
      registration.cancel();
      registration = null;
    }
  }

  @Override
  public void close() {
    try {
      socket.close(); // takes it off epoll too
    } catch (IOException | NotYetConnectedException e) {
      log.warn("closing a connection: {}", e.getMessage());
    }
    detach();
  }
}
