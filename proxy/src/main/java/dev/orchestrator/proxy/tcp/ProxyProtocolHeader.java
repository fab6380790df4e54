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
 * The header that tells a server behind a proxy who its client is: HAProxy's "PROXY protocol",
 * versions 1 and 2. Reads one that a client's proxy sends before everything else, piece by piece.
 */
public final class ProxyProtocolHeader {
  private final EmbeddedChannel decoder = new EmbeddedChannel(new HAProxyMessageDecoder());
  private boolean complete;
  private @Nullable Peers peers;

  /** Both ends of a client's connection. */
  public record Peers(InetSocketAddress client, InetSocketAddress local) {
    static Peers of(Socket socket) {
      return new Peers(
          Objects.requireNonNullElseGet(socket.remoteAddress(), () -> new InetSocketAddress(0)),
          socket.localAddress());
    }
  }

  /**
   * Takes more bytes, taken over; gives what came behind the header, or null.
   *
   * @throws IllegalArgumentException when this is no header
   */
  @Nullable ByteBuf read(ByteBuf bytes) {
    try {
      decoder.writeInbound(bytes);
    } catch (RuntimeException e) { // the decoder's own kinds of exception
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

  boolean complete() {
    return complete;
  }

  /** Null where the header says nothing of the client, as for a health check of its proxy's own. */
  public @Nullable Peers peers() {
    return peers;
  }

  public static @Nullable Peers peers(HAProxyMessage message) {
    if (message.command() != HAProxyCommand.PROXY || message.sourceAddress() == null) {
      return null;
    }
    return new Peers(
        new InetSocketAddress(InetAddress.ofLiteral(message.sourceAddress()), message.sourcePort()),
        new InetSocketAddress(
            InetAddress.ofLiteral(message.destinationAddress()), message.destinationPort()));
  }

  /** The header for a route's target, or null where the route sends none. */
  static @Nullable ByteBuf toTarget(
      OpenRoute route, @Nullable ProxyProtocolHeader received, Socket client) {
    ProxyProtocol version = route.route.options().sendProxyProtocol();
    if (version == ProxyProtocol.OFF) {
      return null;
    }
    Peers told = received == null ? null : received.peers();
    return encode(version, told == null ? Peers.of(client) : told);
  }

  public static ByteBuf encode(ProxyProtocol version, Peers peers) {
    InetAddress from = peers.client().getAddress();
    InetAddress to = peers.local().getAddress();
    boolean six = from instanceof Inet6Address || to instanceof Inet6Address;
    HAProxyMessage message =
        new HAProxyMessage(
            version == ProxyProtocol.V1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2,
            HAProxyCommand.PROXY,
            six ? HAProxyProxiedProtocol.TCP6 : HAProxyProxiedProtocol.TCP4,
            text(from, six),
            text(to, six),
            peers.client().getPort(),
            peers.local().getPort());
    EmbeddedChannel encoder = new EmbeddedChannel(HAProxyMessageEncoder.INSTANCE);
    encoder.writeOutbound(message);
    ByteBuf header = encoder.readOutbound();
    encoder.finishAndReleaseAll();
    return header == null ? Unpooled.EMPTY_BUFFER : header;
  }

  /** Both addresses must be of one family: an IPv4 one becomes its IPv6 form beside an IPv6 one. */
  private static String text(InetAddress address, boolean six) {
    String text = address.getHostAddress().replaceFirst("%.*", "");
    return six && !(address instanceof Inet6Address) ? "::ffff:" + text : text;
  }
}
