package dev.orchestrator.proxy.testing;

import java.io.EOFException;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A target that speaks HTTP, with responses by the test. */
public final class HttpServerFixture implements AutoCloseable {
  /** Responds to one request; false closes the connection. */
  public interface Service {
    boolean serve(RawHttpConnection.Message request, RawHttpConnection connection)
        throws IOException;
  }

  public final Queue<RawHttpConnection.Message> requests = new ConcurrentLinkedQueue<>();
  public final ServerFixture server;

  /** Each request is read whole before it is served. */
  public HttpServerFixture(Service service) throws IOException {
    this(0, service);
  }

  private HttpServerFixture(int port, Service service) throws IOException {
    this.server =
        new ServerFixture(
            port,
            socket -> {
              RawHttpConnection connection = new RawHttpConnection(socket);
              while (next(service, connection)) {}
            });
  }

  private boolean next(Service service, RawHttpConnection connection) throws IOException {
    RawHttpConnection.Message request;
    try {
      request = connection.read();
    } catch (EOFException e) {
      return false; // the client has closed after a response
    }
    requests.add(request);
    return service.serve(request, connection);
  }

  /** A target that responds with its name. */
  public static HttpServerFixture named(String name) throws IOException {
    return named(0, name);
  }

  /** The same at a port. */
  public static HttpServerFixture named(int port, String name) throws IOException {
    return new HttpServerFixture(
        port,
        (request, connection) -> {
          connection.send(answer(name));
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
