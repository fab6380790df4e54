package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.TcpKeepAlive;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.http.HttpClientConnection;
import dev.orchestrator.proxy.tcp.PendingConnection;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A socket that accepts connections, of a tcp or http route. */
final class StreamListener extends RouteListener implements EpollSocket.Owner {
  private static final int BACKLOG = 4096; // the system may allow less
  private static final int ACCEPTS_PER_TURN = 256;
  private static final long RETRY_MS = 100;

  /** Length of an address in the form of Netty's native code. */
  private static final int ADDRESS_BYTES = 26;

  private static final EpollSocket.Owner NO_OWNER = _ -> {};

  private final EpollSocket socket;
  private final byte[] address = new byte[ADDRESS_BYTES];
  private boolean accepting;
  private @Nullable ScheduledFuture<?> retry;

  /** Takes a listening socket; it does not accept yet. */
  StreamListener(OpenRoute route, int port, Socket socket, boolean keepOpen) {
    super(route, port, socket, keepOpen);
    this.socket = new EpollSocket(socket, this);
  }

  static void listen(Socket socket) throws IOException {
    // Accepted sockets inherit these options.
    socket.setTcpNoDelay(true);
    TcpKeepAlive.setTimes(socket);
    socket.listen(BACKLOG);
  }

  @Override
  void accept() {
    loop.execute(() -> {
      accepting = true;
      try {
        socket.register(loop.eventLoop);
      } catch (IOException e) {
        throw new ProxyException("cannot listen on " + route.listen.address(port()), e);
      }
    });
  }

  @Override
  void pause() {
    loop.execute(() -> {
      accepting = false;
      socket.deregister();
      if (retry != null) {
        retry.cancel(false);
        retry = null;
      }
    });
  }

  @Override
  void takeQueued() {
    loop.execute(() -> {
      try {
        while (accepting) {
          int client = socket.socket().accept(address);
          if (client < 0) {
            return;
          }
          route.counters.total.increment();
          LoopContext clientLoop = route.loops.next();
          clientLoop.execute(() -> begin(clientLoop, client));
        }
      } catch (IOException e) {
        route.warn("cannot accept a connection: " + e.getMessage());
      }
    });
  }

  @Override
  void discard() {
    if (!keepOpen) {
      socket.close();
    }
  }

  @Override
  void close() {
    pause();
    loop.execute(this::discard);
  }

  @Override
  public void ready(EpollSocket self) {
    try {
      for (int turn = 0; turn < ACCEPTS_PER_TURN; turn++) {
        int client = accepting ? socket.socket().accept(address) : -1;
        if (client < 0) {
          return;
        }
        route.counters.total.increment();
        LoopContext clientLoop = route.loops.next();
        clientLoop.execute(() -> begin(clientLoop, client));
      }
      loop.eventLoop.execute(() -> ready(socket));
    } catch (IOException e) {
      // No file descriptor or no memory is left, which passes.
      route.warn("cannot accept a connection, will try again: " + e.getMessage());
      retryLater();
    }
  }

  /** One timer, however often it fails: each client that arrives meanwhile is another failure. */
  private void retryLater() {
    if (retry == null) {
      retry =
          loop.schedule(
              () -> {
                retry = null;
                ready(socket);
              },
              RETRY_MS,
              TimeUnit.MILLISECONDS);
    }
  }

  private void begin(LoopContext clientLoop, int descriptor) {
    if (route.options.protocol() == Protocol.HTTP) {
      HttpClientConnection.begin(route, clientLoop, descriptor, port());
      return;
    }
    EpollSocket client = new EpollSocket(new Socket(descriptor), NO_OWNER);
    try {
      client.register(clientLoop.eventLoop);
    } catch (IOException e) {
      route.warn("cannot take a connection: " + e.getMessage());
      client.close();
      return;
    }
    PendingConnection.begin(route, clientLoop, client, port());
  }
}
