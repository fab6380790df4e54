package dev.orchestrator.traffic;

import dev.orchestrator.netfilter.HostPacketFilter;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.RoutePath;
import dev.orchestrator.settings.RouteSettings;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The main class of the bench's switch: a route with {@code path = kernel} is switched to and fro
 * between two servers of redis, as an upgrade does it, while a client in another network asks them.
 *
 * <ul>
 *   <li>{@code serve HOST PORT BLUE GREEN SECONDS SWITCHES PREFIX...}: the client's command line
 *       begins with the prefix. Prints what the client prints, and how many of its connections the
 *       kernel has led.
 *   <li>{@code ask HOST PORT SECONDS}: the client, with a thousand requests a second, each on a
 *       connection of its own. Prints the 99.9th percentile and the longest of their times in ms,
 *       from the moment that a request was due, and the number of those that have failed.
 * </ul>
 */
final class PathSwitchMain {
  private static final int A_SECOND = 1000;
  private static final int PATIENCE_MS = 10_000;
  private static final int SERVERS_PORT = 6379;
  private static final Duration HOLD = Duration.ofSeconds(20);

  /** The server closes first, so that the client's ports are free again. */
  private static final byte[] QUESTION = "PING\r\nQUIT\r\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] ANSWER = "+PONG\r\n+OK\r\n".getBytes(StandardCharsets.US_ASCII);

  private PathSwitchMain() {}

  public static void main(String[] arguments) throws Exception {
    List<String> words = List.of(arguments);
    String host = words.get(1);
    int port = Integer.parseInt(words.get(2));
    if (words.getFirst().equals("ask")) {
      ask(new InetSocketAddress(host, port), Integer.parseInt(words.get(3)));
    } else {
      List<String> client = new ArrayList<>(words.subList(7, words.size()));
      client.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:TieredStopAtLevel=1",
              "-XX:+UseSerialGC",
              "-cp",
              System.getProperty("java.class.path"),
              PathSwitchMain.class.getName(),
              "ask",
              host,
              words.get(2),
              words.get(5)));
      serve(
          port,
          List.of(backend("blue", words.get(3)), backend("green", words.get(4))),
          Duration.ofSeconds(Integer.parseInt(words.get(5))),
          Integer.parseInt(words.get(6)),
          client);
    }
  }

  private static Backend backend(String name, String address) {
    return new Backend(name, Map.of("redis", List.of(new Target(address, SERVERS_PORT))));
  }

  private static void serve(
      int port, List<Backend> backends, Duration time, int switches, List<String> client)
      throws Exception {
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    try (ServiceTraffic service =
        new ServiceTraffic(vertx, InheritedSockets.none(), new HostPacketFilter(), "bench")) {
      RouteSettings route =
          new RouteSettings("redis", "0.0.0.0", port, "redis", SERVERS_PORT)
              .withPath(RoutePath.KERNEL);
      ProxyTraffic traffic = service.of("switch", List.of(route));
      traffic.open(HOLD);
      traffic.switchTo(backends.getFirst());
      traffic.leadByKernel(backends.getFirst());
      Process asking = new ProcessBuilder(client).redirectErrorStream(true).start();
      // Half of the time the kernel leads, and half of it, as in a bake, the proxy.
      long half = time.dividedBy(switches + 1L).dividedBy(2).toNanos();
      for (int i = 1; i <= switches; i++) {
        LockSupport.parkNanos(half);
        Backend next = backends.get(i % backends.size());
        traffic.hold(HOLD);
        traffic.switchTo(next);
        LockSupport.parkNanos(half);
        traffic.leadByKernel(next);
      }
      String result =
          new String(asking.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      Traffic.RouteState state = traffic.routes().getFirst();
      System.out.printf("%s %d of %d%n", result, state.path().connections(), state.total());
    } finally {
      vertx.close().await();
    }
  }

  private static void ask(InetSocketAddress server, int seconds) {
    int count = seconds * A_SECOND;
    long[] took = new long[count];
    int failed = 0;
    long begun = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long due = begun + TimeUnit.SECONDS.toNanos(i) / A_SECOND;
      for (long rest = due - System.nanoTime(); rest > 0; rest = due - System.nanoTime()) {
        LockSupport.parkNanos(rest);
      }
      failed += isAnswered(server) ? 0 : 1;
      took[i] = System.nanoTime() - due;
    }
    Arrays.sort(took);
    System.out.printf(
        Locale.ROOT,
        "= %.3f %.3f %d%n",
        took[(int) (count * 0.999)] / 1e6,
        took[count - 1] / 1e6,
        failed);
  }

  private static boolean isAnswered(InetSocketAddress server) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MS);
      socket.connect(server, PATIENCE_MS);
      socket.getOutputStream().write(QUESTION);
      return Arrays.equals(ANSWER, socket.getInputStream().readAllBytes());
    } catch (IOException e) {
      return false;
    }
  }
}
