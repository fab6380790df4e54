package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.udp.UdpRelay;
import io.netty.channel.unix.Socket;
import java.io.IOException;

/** A socket that receives the datagrams of a udp route. */
final class DatagramListener extends RouteListener {
  private final UdpRelay relay;

  /** Takes a bound socket; it does not receive yet. */
  DatagramListener(OpenRoute route, int port, Socket socket, boolean keepOpen) throws IOException {
    super(route, port, socket, keepOpen);
    this.relay = new UdpRelay(route, port, loop, socket);
  }

  @Override
  void accept() {
    relay.accept();
  }

  @Override
  void pause() {
    relay.pause();
  }

  @Override
  void discard() {
    relay.close(!keepOpen);
  }

  @Override
  void close() {
    relay.close(!keepOpen);
  }
}
