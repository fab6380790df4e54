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

/** One attempt to connect to a target, on a lane's loop. Ends in one of the listener's methods. */
final class ConnectAttempt implements EpollSocket.Owner {

  interface Listener {
    void connected(EpollSocket target);

    void failed(String reason);
  }

  private final LoopContext lane;
  private final Listener listener;
  private @Nullable EpollSocket wire;
  private @Nullable ScheduledFuture<?> limit;
  private boolean over;

  /** One that has not begun. */
  ConnectAttempt(LoopContext lane, Listener listener) {
    this.lane = lane;
    this.listener = listener;
  }

  /** Begins it; the listener may be told before this returns. */
  void start(InetSocketAddress address, Duration timeout, TargetResolver names) {
    if (!address.isUnresolved()) {
      connect(address, timeout);
      return;
    }
    Future<InetSocketAddress> found = names.resolve(lane.loop, address);
    found.addListener(_ -> {
      if (found.isSuccess()) {
        connect(found.getNow(), timeout);
      } else {
        fail(String.valueOf(found.cause().getMessage()));
      }
    });
  }

  private void connect(InetSocketAddress address, Duration timeout) {
    if (over) {
      return;
    }
    try {
      // Of the target's own family: one for both costs more, to make and to connect.
      Socket socket =
          LinuxSocket.newSocketStream(
              address.getAddress() instanceof Inet4Address
                  ? SocketProtocolFamily.INET
                  : SocketProtocolFamily.INET6);
      EpollSocket connecting = new EpollSocket(socket, this);
      wire = connecting;
      socket.setTcpNoDelay(true);
      TcpKeepAlive.set(socket);
      boolean connected = socket.connect(address);
      connecting.register(lane.loop);
      if (connected) {
        succeed(connecting);
      } else {
        limit =
            lane.loop.schedule(
                () -> fail("it did not answer in " + timeout.toMillis() + " ms"),
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
      }
    } catch (IOException | ChannelException e) { // the latter: out of file descriptors
      fail(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void ready(EpollSocket connecting) {
    try {
      if (!over && connecting.socket().finishConnect()) {
        succeed(connecting);
      }
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
    }
  }

  private void succeed(EpollSocket connected) {
    end();
    listener.connected(connected);
  }

  private void fail(String reason) {
    if (!over) {
      cancel();
      listener.failed(reason);
    }
  }

  private void end() {
    over = true;
    if (limit != null) {
      limit.cancel(false);
    }
  }

  /** Gives it up; the listener is not told. */
  void cancel() {
    end();
    if (wire != null) {
      wire.close();
    }
  }
}
