package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.Socket;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The header by which a proxy tells a server the address of its client: HAProxy's "PROXY protocol",
 * versions 1 and 2 (proxy-protocol.txt of HAProxy). An object reads one header, piece by piece,
 * from a client that is a proxy itself; the static methods write headers. Not thread-safe.
 */
public final class ProxyProtocolHeader {
  private final EmbeddedChannel decoder = new EmbeddedChannel(new HAProxyMessageDecoder());
  private boolean complete;
  private @Nullable Peers peers;

  /** The addresses of both ends of a client's connection. */
  public record Peers(InetSocketAddress client, InetSocketAddress local) {
    static Peers of(Socket socket) {
      return new Peers(
          Objects.requireNonNullElseGet(socket.remoteAddress(), () -> new InetSocketAddress(0)),
          socket.localAddress());
    }
  }

  /**
   * Reads more bytes of the header.
   *
   * @param bytes are released
   * @return the bytes behind the header, to be released by the caller; null where there are none
   * @throws IllegalArgumentException when the bytes are no header
   */
  @Nullable ByteBuf read(ByteBuf bytes) {
    try {
      decoder.writeInbound(bytes);
    } catch (RuntimeException e) { // the decoder has several exceptions
      complete = true;
      close();
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    if (decoder.inboundMessages().peek() instanceof HAProxyMessage message) {
      decoder.inboundMessages().remove();
      complete = true;
      peers = peers(message);
      message.release();
      ByteBuf rest = decoder.readInbound();
      close();
      return rest;
    }
    return null;
  }

  private void close() {
    decoder.releaseInbound();
    var _ = decoder.close();
  }

  boolean isComplete() {
    return complete;
  }

  /** Null where the header has no addresses, as for a health check by the client's proxy. */
  public @Nullable Peers peers() {
    return peers;
  }

  /** The addresses in a header that Netty has decoded; null where it has none. */
  public static @Nullable Peers peers(HAProxyMessage message) {
    if (message.command() != HAProxyCommand.PROXY || message.sourceAddress() == null) {
      return null;
    }
    return new Peers(
        new InetSocketAddress(InetAddress.ofLiteral(message.sourceAddress()), message.sourcePort()),
        new InetSocketAddress(
            InetAddress.ofLiteral(message.destinationAddress()), message.destinationPort()));
  }

  /**
   * The header for a route's target.
   *
   * @param received the header that the client has sent, which is passed on; or null
   * @return null where the route sends no header
   */
  static @Nullable ByteBuf toTarget(
      OpenRoute route, @Nullable ProxyProtocolHeader received, Socket client) {
    ProxyProtocol version = route.options.sendProxyProtocol();
    if (version == ProxyProtocol.OFF) {
      return null;
    }
    Peers peers = received == null ? null : received.peers();
    return encode(version, peers == null ? Peers.of(client) : peers);
  }

  /** Writes a header, to be released by the caller. */
  public static ByteBuf encode(ProxyProtocol version, Peers peers) {
    InetAddress from = peers.client().getAddress();
    InetAddress to = peers.local().getAddress();
    boolean ipv6 = from instanceof Inet6Address || to instanceof Inet6Address;
    HAProxyMessage message =
        new HAProxyMessage(
            version == ProxyProtocol.V1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2,
            HAProxyCommand.PROXY,
            ipv6 ? HAProxyProxiedProtocol.TCP6 : HAProxyProxiedProtocol.TCP4,
            text(from, ipv6),
            text(to, ipv6),
            peers.client().getPort(),
            peers.local().getPort());
    EmbeddedChannel encoder = new EmbeddedChannel(HAProxyMessageEncoder.INSTANCE);
    encoder.writeOutbound(message);
    ByteBuf header = encoder.readOutbound();
    encoder.finishAndReleaseAll();
    return header == null ? Unpooled.EMPTY_BUFFER : header;
  }

  /** Both addresses must be of one family: beside an IPv6 address, IPv4 is written as IPv6. */
  private static String text(InetAddress address, boolean ipv6) {
    String text = address.getHostAddress().replaceFirst("%.*", "");
    return ipv6 && !(address instanceof Inet6Address) ? "::ffff:" + text : text;
  }
}
