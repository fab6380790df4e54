package dev.orchestrator.proxy;

import java.io.EOFException;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A target that speaks HTTP as a test wants it. */
final class HttpTarget implements AutoCloseable {
  /** Answers one request; false closes the connection. */
  interface Service {
    boolean serve(HttpWire.Message request, HttpWire wire) throws IOException;
  }

  final Queue<HttpWire.Message> requests = new ConcurrentLinkedQueue<>();
  final TestServer server;

  /** Each request is read whole before it is served. */
  HttpTarget(Service service) throws IOException {
    this.server =
        new TestServer(socket -> {
          HttpWire wire = new HttpWire(socket);
          while (next(service, wire)) {}
        });
  }

  private boolean next(Service service, HttpWire wire) throws IOException {
    HttpWire.Message request;
    try {
      request = wire.read();
    } catch (EOFException e) {
      return false; // between two requests
    }
    requests.add(request);
    return service.serve(request, wire);
  }

  /** Says its name. */
  static HttpTarget named(String name) throws IOException {
    return new HttpTarget((request, wire) -> {
      wire.send(answer(name));
      return true;
    });
  }

  static String answer(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  int port() {
    return server.port();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
