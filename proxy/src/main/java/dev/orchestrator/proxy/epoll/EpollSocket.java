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
 * One end of a connection: a socket on an event loop, to be used on that loop alone. It is
 * registered with epoll once, edge-triggered and for every kind of event, and remembers whether it
 * can be read and written. So no system call is spent on changing the registration, nothing is read
 * before the owner asks for it, and a peer that closes is noticed all the same.
 */
public final class EpollSocket implements EpollIoHandle {
  /** Returned by {@link #read}, {@link #write} and the splices when the connection is reset. */
  public static final int BROKEN = -2;

  /** Returned by {@link #read} at the end of the peer's stream. */
  public static final int END = -1;

  private static final Logger log = LoggerFactory.getLogger(EpollSocket.class);
  private static final EpollIoOps ALL_EVENTS =
      EpollIoOps.valueOf(Native.EPOLLIN | Native.EPOLLOUT | Native.EPOLLRDHUP | Native.EPOLLET);
  private static final EpollIoOps READ_EVENTS = EpollIoOps.valueOf(Native.EPOLLIN | Native.EPOLLET);
  private static final int EPOLLHUP = 0x10;
  private static final int GONE_EVENTS = EPOLLHUP | Native.EPOLLERR;

  /** The object that uses the socket. */
  public interface Owner {
    /** Called on the event loop when the socket may be readable, writable or closed now. */
    void ready(EpollSocket socket);
  }

  private final Socket socket;
  private Owner owner;
  private @Nullable IoRegistration registration;
  private boolean readable;
  private boolean writable = true;
  private boolean peerEnded;
  private boolean gone;

  public EpollSocket(Socket socket, Owner owner) {
    this.socket = socket;
    this.owner = owner;
  }

  /** Registers the socket with the loop's epoll. To be called once, on the event loop. */
  public void register(IoEventLoop loop) throws IOException {
    register(loop, ALL_EVENTS);
  }

  /**
   * As {@link #register}, for a socket for datagrams: the owner is called when there are some, and
   * not for each that the network has taken.
   */
  public void registerToRead(IoEventLoop loop) throws IOException {
    register(loop, READ_EVENTS);
  }

  private void register(IoEventLoop loop, EpollIoOps events) throws IOException {
    IoRegistration registered = loop.register(this).getNow();
    if (registered == null) {
      throw new IOException("the event loop takes no more connections");
    }
    registration = registered;
    try {
      registered.submit(events);
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
    if ((ops & (Native.EPOLLRDHUP | GONE_EVENTS)) != 0) {
      peerEnded = true;
      readable = true;
      gone = (ops & GONE_EVENTS) != 0;
    }
    if ((ops & Native.EPOLLIN) != 0) {
      readable = true;
    }
    if ((ops & (Native.EPOLLOUT | GONE_EVENTS)) != 0) {
      writable = true;
    }
    try {
      owner.ready(this);
    } catch (RuntimeException | LinkageError e) { // LinkageError: a class can't be loaded
      // Thrown on, it would make the loop drop the events of other sockets, or end.
      log.error("a connection is closed because of an error in the proxy", e);
      close();
    }
  }

  public boolean isOpen() {
    return socket.isOpen();
  }

  public boolean isReadable() {
    return readable;
  }

  /** The peer has ended its stream or reset; bytes that it sent before may still be unread. */
  public boolean hasPeerEnded() {
    return peerEnded;
  }

  /** The connection was reset, or has ended in both directions. */
  public boolean isGone() {
    return gone;
  }

  /**
   * Reads into the loop's buffer.
   *
   * @return the number of bytes; 0 when there are none now; {@link #END} or {@link #BROKEN}
   */
  public int read(LoopContext loop, int atMost) {
    try {
      int count = socket.recvAddress(loop.address, 0, atMost);
      // A short read has emptied the socket (epoll(7)); only the end needs another read.
      if (count == 0 || (count > 0 && count < atMost && !peerEnded)) {
        readable = false;
      }
      return count;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /**
   * Writes a part of the loop's buffer.
   *
   * @return the number of bytes; fewer than asked for when the socket is full now
   */
  public int write(LoopContext loop, int from, int to) {
    try {
      int count = socket.sendAddress(loop.address, from, to);
      writable = count == to - from;
      return count;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /**
   * Writes the remaining bytes of the buffer, as far as fit; false when the connection is reset.
   */
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

  public boolean isWritable() {
    return writable;
  }

  /** Moves bytes into an empty pipe, inside the kernel; 0 for none now, and at the end. */
  public int spliceTo(KernelPipe pipe, int atMost) {
    try {
      return Native.splice(socket.intValue(), -1, pipe.in.intValue(), -1, atMost);
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Moves bytes out of a pipe; 0 when the socket is full. */
  public int spliceFrom(KernelPipe pipe, int count) {
    try {
      int moved = Native.splice(pipe.out.intValue(), -1, socket.intValue(), -1, count);
      writable = moved > 0;
      return moved;
    } catch (IOException | NotYetConnectedException e) {
      return BROKEN;
    }
  }

  /** Ends the stream to the peer, after the last byte written. */
  public void shutdownOutput() {
    try {
      socket.shutdown(false, true);
    } catch (IOException | NotYetConnectedException e) {
      // The connection is gone: the next read reports that.
    }
  }

  /** Closes with a reset, so that the peer sees that the stream is not complete. */
  public void reset() {
    try {
      if (socket.isOpen()) {
        socket.setSoLinger(0);
      }
    } catch (IOException | NotYetConnectedException e) {
      // The connection is gone: no peer could see a reset.
    }
    close();
  }

  /** Removes the socket from the event loop, and leaves it open. */
  public void deregister() {
    if (registration != null) {
      registration.cancel();
      registration = null;
    }
  }

  @Override
  public void close() {
    try {
      socket.close(); // removes it from epoll too
    } catch (IOException | NotYetConnectedException e) {
      log.warn("closing a connection: {}", e.getMessage());
    }
    deregister();
  }
}
