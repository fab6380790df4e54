package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.compose.ServicePorts;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.RouteSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * Connects to the target of each route as the proxy does for a client: from this process, to the
 * capsule's address. A healthy service may still be out of reach, such as behind a subnet that
 * collides with one outside the capsule.
 *
 * <p>Each check leaves one connection without a login in the service, and some servers, such as
 * MariaDB, block an address after a hundred of those: to be asked in the rounds of a verification,
 * not around the clock. Calls block: never from an event loop. Any other thread.
 */
public final class RouteChecks {
  private static final Duration CONNECT = ProxyOptions.defaults().connectTimeout();

  /**
   * How long a tcp connection is looked at. The engine's userland proxy accepts for a service that
   * doesn't listen, and then closes at once. A server that waits for its client's first word is
   * silent, and alive.
   */
  private static final Duration LOOK = Duration.ofMillis(100);

  /** An http service's first page may take long, as nothing is cached yet. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  private static final String HTTP = "HTTP/";
  private static final byte[] REQUEST =
      String.join(
              "\r\n",
              "HEAD / HTTP/1.1",
              "Host: localhost",
              "User-Agent: orchestrator-probe",
              "Accept: */*",
              "Connection: close",
              "",
              "")
          .getBytes(StandardCharsets.US_ASCII);

  /** Version 2 of the PROXY protocol: a connection of the proxy itself. */
  private static final byte[] PROXY_V2 = {
    '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n', 0x20, 0, 0, 0
  };

  private static final byte[] PROXY_V1 = "PROXY UNKNOWN\r\n".getBytes(StandardCharsets.US_ASCII);

  private final List<RouteSettings> routes;

  /**
   * Checks these routes.
   *
   * @param routes read at each check. Where they are {@link AutoRoutes}, one that is alive is
   *     enough for a service: compose files publish ports on which a service listens only when it
   *     is set to
   */
  public RouteChecks(List<RouteSettings> routes) {
    this.routes = routes;
  }

  /**
   * Connects to every route's target once, to all at the same time.
   *
   * @param ports from {@code service:port} to the capsule's port; a route without an entry is left
   *     out, as it was added for another version
   * @return a problem for each target that serves no client
   */
  List<HealthProblem> check(Capsule capsule, Map<String, Integer> ports) {
    List<Callable<Optional<HealthProblem>>> checks = new ArrayList<>();
    Map<String, Integer> asked = new HashMap<>();
    for (RouteSettings route : routes) {
      if (isChecked(route)) {
        for (int port : ServicePorts.find(ports, route.portKey(route.servicePort()))) {
          checks.add(() -> check(capsule, route, port));
          asked.merge(route.service(), 1, Integer::sum);
        }
      }
    }
    List<HealthProblem> problems = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Optional<HealthProblem>> checked : threads.invokeAll(checks)) {
        checked.get().ifPresent(problems::add);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("a check of the routes was interrupted");
    } catch (ExecutionException e) {
      // Such as: the capsule or the engine is gone since its services were looked at.
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    }
    if (routes instanceof AutoRoutes) {
      Map<String, Integer> dead = new HashMap<>();
      problems.forEach(problem -> dead.merge(problem.service(), 1, Integer::sum));
      problems.removeIf(
          problem -> !Objects.equals(dead.get(problem.service()), asked.get(problem.service())));
    }
    return problems;
  }

  /** The services that a check connects to, of a version with these ports. */
  Set<String> services(Map<String, Integer> ports) {
    return routes.stream()
        .filter(RouteChecks::isChecked)
        .filter(route -> !ServicePorts.find(ports, route.portKey(route.servicePort())).isEmpty())
        .map(RouteSettings::service)
        .collect(Collectors.toSet());
  }

  private static boolean isChecked(RouteSettings route) {
    return route.verify() && !route.options().protocol().isDatagram();
  }

  private static Optional<HealthProblem> check(Capsule capsule, RouteSettings route, int port) {
    return problem(route, new InetSocketAddress(capsule.address(), port))
        .map(what ->
            new HealthProblem(
                "route " + route.name(),
                route.service(),
                "%s at port %d".formatted(what, route.servicePort()),
                "clients can't reach port %d of service %s: %s at %s:%d"
                    .formatted(route.servicePort(), route.service(), what, capsule.address(), port),
                false));
  }

  /** What is wrong with a target; empty when it serves clients. */
  private static Optional<String> problem(RouteSettings route, InetSocketAddress target) {
    try (Socket socket = new Socket()) {
      socket.connect(target, (int) CONNECT.toMillis());
      socket.getOutputStream().write(header(route.options().sendProxyProtocol()));
      return route.options().protocol() == Protocol.HTTP ? askHttp(socket) : look(socket);
    } catch (SocketTimeoutException e) {
      return Optional.of("no connection within %d ms".formatted(CONNECT.toMillis()));
    } catch (ConnectException e) {
      return Optional.of("connection refused");
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static byte[] header(ProxyProtocol version) {
    return switch (version) {
      case OFF -> new byte[0];
      case V1 -> PROXY_V1;
      case V2 -> PROXY_V2;
    };
  }

  private static Optional<String> look(Socket socket) throws IOException {
    socket.setSoTimeout((int) LOOK.toMillis());
    try {
      return socket.getInputStream().read() < 0
          ? Optional.of("a connection is closed at once")
          : Optional.empty();
    } catch (SocketTimeoutException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> askHttp(Socket socket) throws IOException {
    socket.getOutputStream().write(REQUEST);
    socket.setSoTimeout((int) ANSWER.toMillis());
    InputStream in = socket.getInputStream();
    try {
      byte[] begin = in.readNBytes(HTTP.length());
      if (begin.length == 0) {
        return Optional.of("a connection is closed without an answer");
      }
      return new String(begin, StandardCharsets.US_ASCII).equals(HTTP)
          ? Optional.empty()
          : Optional.of("an answer that is not HTTP");
    } catch (SocketTimeoutException e) {
      return Optional.of("no answer to HEAD / within %d s".formatted(ANSWER.toSeconds()));
    }
  }
}
