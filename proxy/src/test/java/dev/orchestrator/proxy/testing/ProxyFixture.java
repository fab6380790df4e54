package dev.orchestrator.proxy.testing;

import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.stats.RouteStats;
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

/** A proxy with one route, {@code web}, on a free port. */
public final class ProxyFixture implements AutoCloseable {
  public static final String WEB = "web";

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(2));
  public final Proxy proxy;

  public ProxyFixture(ProxyOptions options) {
    proxy = Proxy.create(vertx, options);
  }

  public ProxyFixture() {
    this(ProxyOptions.defaults());
  }

  public static ProxyFixture opened(@Nullable Backend backend) {
    return opened(ProxyOptions.defaults(), backend);
  }

  public static ProxyFixture opened(ProxyOptions options, @Nullable Backend backend) {
    ProxyFixture fixture = new ProxyFixture(options);
    fixture.proxy.open(List.of(new Route(WEB, "127.0.0.1", 0)), backend);
    return fixture;
  }

  /** With options of the route, such as http. */
  public static ProxyFixture opened(RouteOptions route, Backend backend) {
    return opened(ProxyOptions.defaults(), route, backend);
  }

  public static ProxyFixture opened(ProxyOptions options, RouteOptions route, Backend backend) {
    ProxyFixture fixture = new ProxyFixture(options);
    fixture.proxy.open(List.of(new Route(WEB, new ListenAddress("127.0.0.1", 0), route)), backend);
    return fixture;
  }

  public static Backend backend(String name, HttpServerFixture target) {
    return backend(name, target.port());
  }

  public static Backend backend(String name, int port) {
    return Backend.of(name, Map.of(WEB, new Target("127.0.0.1", port)));
  }

  public static Backend backend(String name, ServerFixture server) {
    return backend(name, server.port());
  }

  public Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port(WEB));
    socket.setSoTimeout((int) Await.LIMIT.toMillis());
    return socket;
  }

  public RawHttpConnection http() throws IOException {
    return new RawHttpConnection(connect());
  }

  public RouteStats stats() {
    return proxy.stats().total();
  }

  public void untilHeld(int count) {
    Await.until(count + " held", () -> stats().heldNow() == count);
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
