package dev.orchestrator.settings;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A public port, or a range of them, and the inner service's ports behind it.
 *
 * @param servicePort the first port of the service; as many follow as there are public ports
 * @param verify whether a version counts as healthy only when the service accepts connections there
 * @param path which way its clients take between runs
 */
public record RouteSettings(
    String name,
    ListenAddress listen,
    String service,
    int servicePort,
    RouteOptions options,
    boolean verify,
    RoutePath path) {

  /** A route whose clients come by the proxy. */
  public RouteSettings(
      String name,
      ListenAddress listen,
      String service,
      int servicePort,
      RouteOptions options,
      boolean verify) {
    this(name, listen, service, servicePort, options, verify, RoutePath.PROXY);
  }

  /**
   * A route that is verified when it has one port of tcp or http: of a range, a service may open
   * ports as it needs them, and datagrams need no answer.
   */
  public RouteSettings(
      String name, ListenAddress listen, String service, int servicePort, RouteOptions options) {
    this(
        name,
        listen,
        service,
        servicePort,
        options,
        listen.ports() == 1 && !options.protocol().isDatagram());
  }

  /**
   * A route of one port with the protocol tcp.
   *
   * @param host address to listen on; {@code 0.0.0.0} for all
   */
  public RouteSettings(String name, String host, int port, String service, int servicePort) {
    this(name, new ListenAddress(host, port), service, servicePort, RouteOptions.of(Protocol.TCP));
  }

  /** The same route with another path of its clients. */
  public RouteSettings withPath(RoutePath value) {
    return new RouteSettings(name, listen, service, servicePort, options, verify, value);
  }

  /**
   * The path of its clients where nothing is said: the proxy's where the kernel can't lead them on
   * any host.
   */
  RoutePath usualPath() {
    boolean led = !listen.isLoopback() && (listen.everyAddress() || listen.isIpv4());
    return led && needsProxy().isEmpty() ? RoutePath.AUTO : RoutePath.PROXY;
  }

  /** The same route with the path of its clients that it has where nothing is said. */
  public RouteSettings withUsualPath() {
    return withPath(usualPath());
  }

  /** The first public port. */
  public int port() {
    return listen.first();
  }

  /** Whether it listens on a port of the host, on whichever address. */
  public boolean listens(int port) {
    return listen.first() <= port && port <= listen.last();
  }

  /** The service's ports, in the order of the public ones. */
  public List<Integer> servicePorts() {
    return IntStream.rangeClosed(servicePort, servicePort + listen.last() - listen.first())
        .boxed()
        .toList();
  }

  /**
   * The key of one of {@link #servicePorts} among the ports of a version: {@code dns:53}, or {@code
   * dns:53/udp}.
   */
  public String portKey(int servicePort) {
    return service + ":" + servicePort + (options.protocol().isDatagram() ? "/udp" : "");
  }

  /**
   * Why the kernel can't lead its clients on any host, as it is configured; empty where it can, on
   * a host that is able to.
   */
  public String needsProxy() {
    if (options.protocol() == Protocol.HTTP) {
      return "protocol = http";
    }
    if (options.sendProxyProtocol() != ProxyProtocol.OFF) {
      return "proxy-protocol";
    }
    if (options.acceptProxyProtocol()) {
      return "accept-proxy-protocol";
    }
    return options.idleTimeout().equals(RouteOptions.of(options.protocol()).idleTimeout())
        ? ""
        : "idle-timeout";
  }

  /** The public address and ports, for a person. */
  public String address() {
    return listen.host()
        + ":"
        + listen.first()
        + (listen.first() == listen.last() ? "" : "-" + listen.last())
        + suffix();
  }

  private String suffix() {
    return options.protocol().isDatagram() ? "/udp" : "";
  }

  /** The service and its ports, for a person. */
  public String inner() {
    int last = servicePorts().getLast();
    return service + ":" + servicePort + (last == servicePort ? "" : "-" + last) + suffix();
  }
}
