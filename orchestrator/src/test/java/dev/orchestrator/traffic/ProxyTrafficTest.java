package dev.orchestrator.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.traffic.Traffic.Clients;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The counters of clients that the saga gets from the real proxy. */
@Timeout(60)
class ProxyTrafficTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @Test
  void clientCountersOfABackendAreThereForEachRoute() throws Exception {
    HttpServer target = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    target.createContext(
        "/",
        exchange -> {
          int status = exchange.getRequestURI().getPath().equals("/bad") ? 500 : 200;
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    target.start();
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    int web = FreePorts.next();
    int other = FreePorts.next();
    List<RouteSettings> routes = List.of(route("web", web), route("other", other));
    Target address = new Target("127.0.0.1", target.getAddress().getPort());
    try (ProxyTraffic traffic = new ProxyTraffic(vertx, routes);
        HttpClient client = HttpClient.newHttpClient()) {
      assertEquals(Map.of(), traffic.clients("green"), "before the routes are open");
      traffic.open(Duration.ofSeconds(20));
      traffic.switchTo(
          new Backend("green", Map.of("web", List.of(address), "other", List.of(address))));
      for (String path :
          List.of("%d/".formatted(web), "%d/bad".formatted(web), "%d/".formatted(other))) {
        HttpResponse<Void> _ =
            client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + path)).build(),
                HttpResponse.BodyHandlers.discarding());
      }
      Clients clients =
          traffic.clients("green").values().stream().reduce(Clients.NONE, Clients::plus);
      assertEquals(3, clients.answers());
      assertEquals(1, clients.errors());
      assertEquals(0, clients.failed());
      assertEquals(1, traffic.clients("green").getOrDefault("other", Clients.NONE).answers());
      assertEquals(Map.of(), traffic.clients("blue"));
    } finally {
      vertx.close().await();
      target.stop(0);
    }
  }

  private static RouteSettings route(String name, int port) {
    return new RouteSettings(
        name, new ListenAddress("127.0.0.1", port), name, 80, RouteOptions.of(Protocol.HTTP));
  }
}
