package dev.orchestrator.proxy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A proxy with one route, {@code web}, on a free port; closes what was made through it. */
final class ProxyFixture implements AutoCloseable {
  static final String WEB = "web";

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(2));
  final Proxy proxy;

  ProxyFixture(ProxyOptions options) {
    proxy = Proxy.create(vertx, options);
  }

  ProxyFixture() {
    this(ProxyOptions.defaults());
  }

  static ProxyFixture opened(@Nullable Side side) {
    return opened(ProxyOptions.defaults(), side);
  }

  static ProxyFixture opened(ProxyOptions options, @Nullable Side side) {
    ProxyFixture fixture = new ProxyFixture(options);
    fixture.proxy.open(List.of(new Route(WEB, "127.0.0.1", 0)), side);
    return fixture;
  }

  /** With http, or any other options of the route. */
  static ProxyFixture opened(RouteOptions route, Side side) {
    return opened(ProxyOptions.defaults(), route, side);
  }

  static ProxyFixture opened(ProxyOptions options, RouteOptions route, Side side) {
    ProxyFixture fixture = new ProxyFixture(options);
    fixture.proxy.open(List.of(new Route(WEB, new Listen("127.0.0.1", 0), route)), side);
    return fixture;
  }

  static Side side(String name, HttpTarget target) {
    return side(name, target.port());
  }

  static Side side(String name, int port) {
    return Side.of(name, Map.of(WEB, new Target("127.0.0.1", port)));
  }

  static Side side(String name, TestServer server) {
    return side(name, server.port());
  }

  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port(WEB));
    socket.setSoTimeout((int) Waits.LIMIT.toMillis());
    return socket;
  }

  HttpWire http() throws IOException {
    return new HttpWire(connect());
  }

  RouteStats stats() {
    return proxy.stats().total();
  }

  void untilHeld(int count) {
    Waits.until(count + " held", () -> stats().heldNow() == count);
  }

  @Override
  public void close() {
    proxy.close();
    try {
      vertx.close().await(10, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("the event loops do not end", e);
    }
  }
}
