package dev.orchestrator.proxy.testing;

import java.io.EOFException;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A target that speaks HTTP as a test wants it. */
public final class HttpServerFixture implements AutoCloseable {
  /** Answers one request; false closes the connection. */
  public interface Service {
    public boolean serve(RawHttpConnection.Message request, RawHttpConnection wire)
        throws IOException;
  }

  public final Queue<RawHttpConnection.Message> requests = new ConcurrentLinkedQueue<>();
  public final ServerFixture server;

  /** Each request is read whole before it is served. */
  public HttpServerFixture(Service service) throws IOException {
    this.server =
        new ServerFixture(socket -> {
          RawHttpConnection wire = new RawHttpConnection(socket);
          while (next(service, wire)) {}
        });
  }

  private boolean next(Service service, RawHttpConnection wire) throws IOException {
    RawHttpConnection.Message request;
    try {
      request = wire.read();
    } catch (EOFException e) {
      return false; // between two requests
    }
    requests.add(request);
    return service.serve(request, wire);
  }

  /** Says its name. */
  public static HttpServerFixture named(String name) throws IOException {
    return new HttpServerFixture((request, wire) -> {
      wire.send(answer(name));
      return true;
    });
  }

  public static String answer(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
