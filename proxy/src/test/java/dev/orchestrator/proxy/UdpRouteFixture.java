package dev.orchestrator.proxy;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A udp route and two servers that it may lead to, for each test. */
abstract class UdpRouteFixture {
  static final RouteOptions UDP = RouteOptions.of(Protocol.UDP);

  UdpServerFixture blue;
  UdpServerFixture green;

  @BeforeEach
  void start() throws IOException {
    blue = UdpServerFixture.named('b');
    green = UdpServerFixture.named('g');
  }

  @AfterEach
  void stop() {
    blue.close();
    green.close();
  }

  static Backend backend(String name, UdpServerFixture server) {
    return ProxyFixture.backend(name, server.port());
  }

  ProxyFixture opened() {
    return ProxyFixture.opened(UDP, backend("blue", blue));
  }

  static UdpClient client(ProxyFixture fixture) throws IOException {
    return new UdpClient(fixture.proxy.port(ProxyFixture.WEB));
  }
}
