package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.TargetResolver;
import dev.orchestrator.proxy.epoll.TcpKeepAlive;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One attempt to connect to a target. To be used on the event loop of its context alone. */
final class ConnectAttempt implements EpollSocket.Owner {
  /** Told how the attempt ends: one of the methods is called, once, unless it is cancelled. */
  interface Listener {
    /** Takes the connection over. */
    void connected(EpollSocket target);

    void failed(String reason);
  }

  private final LoopContext loop;
  private final Listener listener;
  private @Nullable EpollSocket socket;
  private @Nullable ScheduledFuture<?> timeout;
  private boolean finished;

  ConnectAttempt(LoopContext loop, Listener listener) {
    this.loop = loop;
    this.listener = listener;
  }

  /** Begins the attempt; the listener may be called before this returns. */
  void start(InetSocketAddress address, Duration atMost, TargetResolver resolver) {
    if (!address.isUnresolved()) {
      connect(address, atMost);
      return;
    }
    Future<InetSocketAddress> resolved = resolver.resolve(loop.eventLoop, address);
    resolved.addListener(_ -> {
      if (resolved.isSuccess()) {
        connect(resolved.getNow(), atMost);
      } else {
        fail(String.valueOf(resolved.cause().getMessage()));
      }
    });
  }

  private void connect(InetSocketAddress address, Duration atMost) {
    if (finished) {
      return;
    }
    try {
      // A socket of the target's own family costs less than one for both, to open and to connect.
      Socket opened =
          LinuxSocket.newSocketStream(
              address.getAddress() instanceof Inet4Address
                  ? SocketProtocolFamily.INET
                  : SocketProtocolFamily.INET6);
      EpollSocket connecting = new EpollSocket(opened, this);
      socket = connecting;
      opened.setTcpNoDelay(true);
      TcpKeepAlive.set(opened);
      boolean connected = opened.connect(address);
      connecting.register(loop.eventLoop);
      if (connected) {
        succeed(connecting);
      } else {
        timeout =
            loop.schedule(
                () -> fail("it did not answer in " + atMost.toMillis() + " ms"),
                atMost.toNanos(),
                TimeUnit.NANOSECONDS);
      }
    } catch (IOException | ChannelException e) { // ChannelException: no file descriptor is left
      fail(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void ready(EpollSocket connecting) {
    try {
      if (!finished && connecting.socket().finishConnect()) {
        succeed(connecting);
      }
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
    }
  }

  private void succeed(EpollSocket connected) {
    finish();
    listener.connected(connected);
  }

  private void fail(String reason) {
    if (!finished) {
      cancel();
      listener.failed(reason);
    }
  }

  private void finish() {
    finished = true;
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  /** Ends the attempt without a call of the listener. */
  void cancel() {
    finish();
    if (socket != null) {
      socket.close();
    }
  }
}
