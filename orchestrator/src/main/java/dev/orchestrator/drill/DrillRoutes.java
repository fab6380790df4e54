package dev.orchestrator.drill;

import dev.orchestrator.common.RefusedException;
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

/** The routes of a drill's service: their ports on loopback, and whether they answer. */
final class DrillRoutes {
  /**
   * First port of the range, which is below the ports that the kernel gives to clients: a port
   * stays free while the drill's service is dead.
   */
  private static final int FIRST_PORT = 20_000;

  private static final int PORTS = 12_000;
  private static final int TRIES = 200;

  /** A request that the gate holds is answered when the gate opens. */
  private static final int ANSWER_MILLIS = 10_000;

  /**
   * A question through a route: a GET of a path that a probe names, or an empty path to connect.
   */
  private record Question(int port, String path) {}

  private final List<Integer> ports = new ArrayList<>();
  private final List<Question> questions = new ArrayList<>();

  DrillRoutes(StackSettings stack) {
    for (RouteSettings route : stack.routes()) {
      int first = freePorts(route.servicePorts().size());
      ports.add(first);
      if (route.options().protocol().isDatagram()) {
        continue; // no answer tells whether anybody is there
      }
      boolean plain = route.options().sendProxyProtocol().name().equals("OFF");
      for (Probe probe : stack.probes()) {
        if (plain
            && probe.service().equals(route.service())
            && probe.check() instanceof Probe.Http http) {
          int index = route.servicePorts().indexOf(http.port());
          if (index >= 0) {
            questions.add(new Question(first + index, http.path()));
          }
        }
      }
    }
    if (questions.isEmpty()) {
      for (int i = 0; i < ports.size(); i++) {
        if (!stack.routes().get(i).options().protocol().isDatagram()) {
          questions.add(new Question(ports.get(i), ""));
        }
      }
    }
  }

  /** The first port of each route, as {@link DrillSettings#VARIABLE} has them. */
  String ports() {
    return DrillSettings.format(ports);
  }

  private int freePorts(int count) {
    for (int i = 0; i < TRIES; i++) {
      int first = FIRST_PORT + ThreadLocalRandom.current().nextInt(PORTS - count);
      if (areFree(first, count)) {
        return first;
      }
    }
    throw new RefusedException(
        "a drill needs %d free ports beside each other between %d and %d: free some"
            .formatted(count, FIRST_PORT, FIRST_PORT + PORTS));
  }

  private boolean areFree(int first, int count) {
    for (int port = first; port < first + count; port++) {
      if (ports.contains(port) || isTaken(port)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isTaken(int port) {
    try {
      new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
      return false;
    } catch (IOException e) {
      return true; // Another process listens there.
    }
  }

  /** Whether all routes answer; waits for those that are held. */
  boolean allAnswer() {
    return questions.stream().allMatch(DrillRoutes::answers);
  }

  /** Every answer but a server's error counts: what a page must contain, the run's probes check. */
  private static boolean answers(Question question) {
    try {
      if (question.path().isEmpty()) {
        new Socket(InetAddress.getLoopbackAddress(), question.port()).close();
        return true;
      }
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + question.port() + question.path())
                  .toURL()
                  .openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout(ANSWER_MILLIS);
      connection.setReadTimeout(ANSWER_MILLIS);
      connection.setInstanceFollowRedirects(false);
      connection.setRequestProperty("Connection", "close");
      try {
        return connection.getResponseCode() < 500;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false; // Nobody listens, or nobody answers.
    }
  }
}
