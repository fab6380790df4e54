package dev.orchestrator.drill;

import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The loopback ports of a drill's routes, and whether they answer. */
final class DrillRoutes {
  /** Below those that the system gives to clients: a port stays free while its service is dead. */
  private static final int FIRST = 20_000;

  private static final int RANGE = 12_000;
  private static final int TRIES = 200;

  /** One that is held is answered when it is released. */
  private static final int PATIENCE_MILLIS = 10_000;

  /** The way through a route: to a path where a probe names one, else a connection. */
  private record Way(int port, String path) {}

  private final List<Integer> ports = new ArrayList<>();
  private final List<Way> ways = new ArrayList<>();

  DrillRoutes(StackSettings stack) {
    for (RouteSettings route : stack.routes()) {
      int first = free(route.servicePorts().size());
      ports.add(first);
      boolean plain = route.options().sendProxyProtocol().name().equals("OFF");
      for (Probe probe : stack.probes()) {
        if (plain
            && probe.service().equals(route.service())
            && probe.check() instanceof Probe.Http http) {
          int index = route.servicePorts().indexOf(http.port());
          if (index >= 0) {
            ways.add(new Way(first + index, http.path()));
          }
        }
      }
    }
    if (ways.isEmpty()) {
      ports.forEach(port -> ways.add(new Way(port, "")));
    }
  }

  /** For the drill's service. */
  String text() {
    return DrillSettings.text(ports);
  }

  private int free(int count) {
    for (int i = 0; i < TRIES; i++) {
      int first = FIRST + ThreadLocalRandom.current().nextInt(RANGE - count);
      if (isFree(first, count)) {
        return first;
      }
    }
    throw new DrillException("no %d free ports from %d on".formatted(count, FIRST));
  }

  private boolean isFree(int first, int count) {
    for (int port = first; port < first + count; port++) {
      if (ports.contains(port) || taken(port)) {
        return false;
      }
    }
    return true;
  }

  private static boolean taken(int port) {
    try {
      new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
      return false;
    } catch (IOException e) {
      return true; // Somebody has it.
    }
  }

  /** Whether each answers now; waits for one that holds. */
  boolean answer() {
    return ways.stream().allMatch(DrillRoutes::answers);
  }

  /**
   * Any answer of the service counts: what a page must be is for the probes, which the run asks.
   */
  private static boolean answers(Way way) {
    try {
      if (way.path().isEmpty()) {
        new Socket(InetAddress.getLoopbackAddress(), way.port()).close();
        return true;
      }
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + way.port() + way.path())
                  .toURL()
                  .openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout(PATIENCE_MILLIS);
      connection.setReadTimeout(PATIENCE_MILLIS);
      connection.setInstanceFollowRedirects(false);
      connection.setRequestProperty("Connection", "close");
      try {
        return connection.getResponseCode() < 500;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false; // Nobody listens, or nothing answers: that is the question.
    }
  }
}
