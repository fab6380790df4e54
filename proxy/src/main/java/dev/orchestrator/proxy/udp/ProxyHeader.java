package dev.orchestrator.proxy.udp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The PROXY protocol's header for datagrams (proxy-protocol.txt of HAProxy, version 2). It stands
 * at the start of each datagram, as Unbound, Knot, PowerDNS and dnsdist expect it.
 */
final class ProxyHeader {
  private ProxyHeader() {}

  /** The header that tells both ends of a client's session. */
  static byte[] of(InetSocketAddress client, InetSocketAddress local) {
    InetAddress from = client.getAddress();
    InetAddress to = local.getAddress();
    boolean ipv6 = from instanceof Inet6Address || to instanceof Inet6Address;
    HAProxyMessage message =
        new HAProxyMessage(
            HAProxyProtocolVersion.V2,
            HAProxyCommand.PROXY,
            ipv6 ? HAProxyProxiedProtocol.UDP6 : HAProxyProxiedProtocol.UDP4,
            text(from, ipv6),
            text(to, ipv6),
            client.getPort(),
            local.getPort());
    EmbeddedChannel encoder = new EmbeddedChannel(HAProxyMessageEncoder.INSTANCE);
    encoder.writeOutbound(message);
    ByteBuf header = encoder.readOutbound();
    byte[] bytes = ByteBufUtil.getBytes(header);
    header.release();
    encoder.finishAndReleaseAll();
    return bytes;
  }

  /** Both addresses must be of one family. */
  private static String text(InetAddress address, boolean ipv6) {
    String text = address.getHostAddress().replaceFirst("%.*", "");
    return ipv6 && !(address instanceof Inet6Address) ? "::ffff:" + text : text;
  }
}
