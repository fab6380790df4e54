package dev.orchestrator.proxy.bench;

import dev.orchestrator.proxy.testing.FreePorts;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** HAProxy, with splice. A switch is a command on its runtime socket. */
final class HaProxyContender extends Contender {
  private final ContenderSetup setup;
  private final Path socket;

  private HaProxyContender(ContenderSetup setup, Path socket, int tcp, int http, Process process) {
    super("haproxy", tcp, http, process);
    this.setup = setup;
    this.socket = socket;
  }

  static HaProxyContender start(ContenderSetup setup) throws IOException {
    int tcp = FreePorts.next();
    int http = FreePorts.next();
    Path socket = setup.folder().resolve("haproxy.sock");
    Path config =
        setup.write(
            "haproxy.cfg",
            """
            global
              nbthread %1$d
              maxpipes 100
              maxconn %3$d
              stats socket %2$s level admin
            defaults
              timeout connect 5s
              timeout client 1h
              timeout server 1h
              maxconn %3$d
            frontend tcp-in
              mode tcp
              bind 127.0.0.1:%4$d
              option splice-auto
              default_backend tcp-out
            backend tcp-out
              mode tcp
              option splice-auto
              server s 127.0.0.1:%6$d
            frontend http-in
              mode http
              bind 127.0.0.1:%5$d
              option forwardfor
              default_backend http-out
            backend http-out
              mode http
              http-reuse always
              server s 127.0.0.1:%6$d
            """
                .formatted(
                    setup.threads(), socket, setup.connections() + 50, tcp, http, setup.blue()));
    Process process =
        setup.start("haproxy.log", List.of("haproxy", "-db", "-f", config.toString()));
    return new HaProxyContender(setup, socket, tcp, http, process);
  }

  @Override
  void switchTo(String backend) throws IOException {
    int port = backend.equals("blue") ? setup.blue() : setup.green();
    for (String section : List.of("tcp-out", "http-out")) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(socket));
        String command = "set server " + section + "/s addr 127.0.0.1 port " + port + "\n";
        channel.write(ByteBuffer.wrap(command.getBytes(StandardCharsets.US_ASCII)));
        ByteBuffer answer = ByteBuffer.allocate(4096);
        while (channel.read(answer) > 0) {}
      }
    }
  }
}
