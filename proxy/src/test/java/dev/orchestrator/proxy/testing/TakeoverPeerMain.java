package dev.orchestrator.proxy.testing;

import dev.orchestrator.proxy.Handover;
import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.Takeover;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.listen.InheritedSockets;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * The main class of a proxy in a process of its own: {@code old|new SOCKET TCP-PORT HTTP-PORT
 * TARGET UDP-TARGET}; its udp route has the number of the tcp port. The old one offers its sockets
 * and leaves when the new one serves; a {@code broken} one takes them and dies.
 */
public final class TakeoverPeerMain {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private TakeoverPeerMain() {}

  public static void main(String[] args) throws Exception {
    Vertx vertx =
        Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(2));
    Path socket = Path.of(args[1]);
    List<Route> routes =
        List.of(
            new Route("tcp", "127.0.0.1", Integer.parseInt(args[2])),
            new Route(
                "http",
                new ListenAddress("127.0.0.1", Integer.parseInt(args[3])),
                RouteOptions.of(Protocol.HTTP)),
            new Route(
                "udp",
                new ListenAddress("127.0.0.1", Integer.parseInt(args[2])),
                RouteOptions.of(Protocol.UDP)));
    Target target = new Target("127.0.0.1", Integer.parseInt(args[4]));
    Target udp = new Target("127.0.0.1", Integer.parseInt(args[5]));
    Backend backend =
        Backend.of("blue", java.util.Map.of("tcp", target, "http", target, "udp", udp));
    Proxy proxy = Proxy.create(vertx, ProxyOptions.defaults());
    if (args[0].equals("old")) {
      proxy.open(routes, backend);
      offer(vertx, proxy, socket);
      return;
    }
    try (Takeover takeover = Takeover.receive(vertx, socket, DEADLINE)) {
      takeover.taken();
      if (args[0].equals("broken")) {
        Runtime.getRuntime().halt(3);
      }
      try (InheritedSockets inherited = takeover.inherited()) {
        proxy.open(routes, backend, inherited);
      }
      takeover.serving();
      System.out.println("serving");
      if (!takeover.awaitGone(DEADLINE)) {
        throw new IllegalStateException("the old process does not leave");
      }
      System.out.println("alone");
      System.in.read(); // until the test ends
    }
  }

  private static void offer(Vertx vertx, Proxy proxy, Path socket) throws Exception {
    var served = new CountDownLatch(1);
    while (served.getCount() > 0) {
      var ended = new CountDownLatch(1);
      var owner =
          new Handover.Owner() {
            @Override
            public void taken() {
              System.out.println("taken");
            }

            @Override
            public void served() {
              served.countDown();
              ended.countDown();
            }

            @Override
            public void abandoned() {
              System.out.println("abandoned");
              ended.countDown();
            }
          };
      try (Handover _ = Handover.offer(vertx, List.of(proxy), socket, owner)) {
        System.out.println("offers");
        ended.await();
      }
    }
    System.out.println("left " + proxy.leave(DEADLINE));
    System.exit(0);
  }
}
