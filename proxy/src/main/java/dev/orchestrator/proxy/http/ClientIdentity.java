package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import dev.orchestrator.proxy.tcp.ProxyProtocolHeader;
import dev.orchestrator.proxy.tcp.ProxyProtocolHeader.Peers;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import org.jspecify.annotations.Nullable;

/**
 * Who a client of an http route is, and what a target is told of it. Where it is told by a PROXY
 * protocol header, a connection to the target is this client's alone; else all clients of a lane
 * share them. On the lane's loop.
 */
final class ClientIdentity {
  private final OpenRoute route;
  private final UpstreamPool pool;
  private final EpollSocketChannel channel;
  private @Nullable Peers peers;
  private RequestHead.@Nullable Client client;
  private @Nullable UpstreamConnection own;
  private boolean closed;

  ClientIdentity(OpenRoute route, LoopContext lane, EpollSocketChannel channel) {
    this.route = route;
    this.pool = UpstreamPool.of(lane);
    this.channel = channel;
  }

  /** What the client's proxy says of it. */
  void told(HAProxyMessage header) {
    peers = ProxyProtocolHeader.peers(header);
    header.release();
  }

  private Peers peers() {
    Peers known = peers;
    if (known == null) {
      known = new Peers(channel.remoteAddress(), channel.localAddress());
      peers = known;
    }
    return known;
  }

  RequestHead.Client client() {
    RequestHead.Client known = client;
    if (known == null) {
      known = RequestHead.Client.of(peers(), route.route.options().trustForwarded());
      client = known;
    }
    return known;
  }

  /** A connection to a target that was kept, or null. */
  @Nullable UpstreamConnection take(ResolvedBackend lead, int port) {
    if (!isPrivate()) {
      return pool.take(lead, port);
    }
    UpstreamConnection kept = own;
    own = null;
    return kept != null && kept.isOpen() && kept.leadsTo(lead, port) ? kept : null;
  }

  /** Tells a new connection to a target whose it is. */
  void introduce(UpstreamConnection made) {
    if (isPrivate()) {
      made.precede(ProxyProtocolHeader.encode(route.route.options().sendProxyProtocol(), peers()));
    }
  }

  /**
   * Keeps a connection for later, closes it where it can't be used again.
   *
   * @param extra made though others were kept, as its request is not safe to repeat
   */
  void giveBack(UpstreamConnection used, boolean reusable, boolean extra) {
    if (!used.release(reusable && !closed)) {
      return;
    }
    if (isPrivate()) {
      if (own != null) {
        own.close();
      }
      own = used;
    } else {
      pool.put(used, extra);
    }
  }

  void close() {
    closed = true;
    if (own != null) {
      own.close();
      own = null;
    }
  }

  private boolean isPrivate() {
    return route.route.options().sendProxyProtocol() != ProxyProtocol.OFF;
  }
}
