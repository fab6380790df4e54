package dev.orchestrator.proxy.bench;

import dev.orchestrator.proxy.Proxy;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import io.netty.buffer.PooledByteBufAllocator;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * The main class of our proxy in a process of its own: THREADS TCP-PORT HTTP-PORT BLUE GREEN. The
 * udp route has the number of the tcp port. It takes the lines {@code blue}, {@code green} (a
 * switch), {@code memory}, and ends with its input.
 */
final class OurProxyMain {
  private OurProxyMain() {}

  public static void main(String[] arguments) throws IOException {
    int[] numbers = List.of(arguments).stream().mapToInt(Integer::parseInt).toArray();
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(numbers[0]));
    Proxy proxy = Proxy.create(vertx, ProxyOptions.defaults());
    proxy.open(
        List.of(
            new Route("tcp", "127.0.0.1", numbers[1]),
            new Route(
                "http", new ListenAddress("127.0.0.1", numbers[2]), RouteOptions.of(Protocol.HTTP)),
            new Route(
                "udp", new ListenAddress("127.0.0.1", numbers[1]), RouteOptions.of(Protocol.UDP))),
        backend("blue", numbers[3]));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      switch (line) {
        case "memory" -> System.out.println("= " + liveBytes());
        default -> {
          proxy.switchTo(backend(line, line.equals("blue") ? numbers[3] : numbers[4]));
          System.out.println("= switched");
        }
      }
    }
    System.exit(0);
  }

  private static Backend backend(String name, int port) {
    Target target = new Target("127.0.0.1", port);
    return Backend.of(name, Map.of("tcp", target, "http", target, "udp", target));
  }

  /** Live heap and buffers outside of it. */
  private static long liveBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
        + PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
  }
}
