package dev.orchestrator.proxy.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A target: a plain blocking server with a virtual thread for each connection. */
public final class ServerFixture implements AutoCloseable {
  /** What the server does with a connection; it is closed afterwards. */
  public interface Service {
    void serve(Socket socket) throws IOException;
  }

  public final AtomicInteger accepted = new AtomicInteger();
  public final Queue<Socket> inOrder = new ConcurrentLinkedQueue<>();
  public final Queue<IOException> failures = new ConcurrentLinkedQueue<>();
  private final ServerSocket listener = new ServerSocket();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  public ServerFixture(Service service) throws IOException {
    this(0, service);
  }

  public ServerFixture(int port, Service service) throws IOException {
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 4096);
    Thread.ofVirtual().start(() -> accept(service));
  }

  /** A target that sends one byte, then everything that it reads. */
  public static ServerFixture echo(char greeting) throws IOException {
    return new ServerFixture(socket -> {
      socket.getOutputStream().write(greeting);
      socket.getInputStream().transferTo(socket.getOutputStream());
    });
  }

  public int port() {
    return listener.getLocalPort();
  }

  private void accept(Service service) {
    for (Socket socket = next(); socket != null; socket = next()) {
      Socket client = socket;
      sockets.add(client);
      inOrder.add(client);
      accepted.incrementAndGet();
      Thread.ofVirtual().start(() -> serve(service, client));
    }
  }

  private @Nullable Socket next() {
    try {
      return listener.accept();
    } catch (IOException e) {
      if (listener.isClosed()) {
        return null;
      }
      throw new UncheckedIOException(e);
    }
  }

  private void serve(Service service, Socket client) {
    try (client) {
      service.serve(client);
    } catch (IOException e) {
      failures.add(e);
    } finally {
      sockets.remove(client);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
