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
 * Who the client of an HTTP connection is, and the idle connections to targets that it may use. Of
 * a route that sends PROXY protocol headers a connection to a target serves this client alone; else
 * all clients of an event loop share them. To be used on the loop.
 */
final class ClientIdentity {
  private final OpenRoute route;
  private final UpstreamPool pool;
  private final EpollSocketChannel channel;
  private @Nullable Peers peers;
  private RequestHead.@Nullable ClientInfo info;
  private @Nullable UpstreamConnection ownUpstream;
  private boolean closed;

  ClientIdentity(OpenRoute route, LoopContext loop, EpollSocketChannel channel) {
    this.route = route;
    this.pool = UpstreamPool.of(loop);
    this.channel = channel;
  }

  /** Takes the client's addresses from the header of its proxy; the header is released. */
  void setProxyHeader(HAProxyMessage header) {
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

  /** The client as the fields of a request's head tell it to the target. */
  RequestHead.ClientInfo info() {
    RequestHead.ClientInfo known = info;
    if (known == null) {
      known = RequestHead.ClientInfo.of(peers(), route.options.trustForwarded());
      info = known;
    }
    return known;
  }

  /** An idle connection to a port of the backend, or null. */
  @Nullable UpstreamConnection acquire(ResolvedBackend backend, int port) {
    if (!hasOwnUpstream()) {
      return pool.acquire(backend, port);
    }
    UpstreamConnection kept = ownUpstream;
    ownUpstream = null;
    return kept != null && kept.isOpen() && kept.connectsTo(backend, port) ? kept : null;
  }

  /** Sends the client's addresses on a new connection to a target, where the route wants that. */
  void sendProxyHeader(UpstreamConnection upstream) {
    if (hasOwnUpstream()) {
      upstream.sendFirst(ProxyProtocolHeader.encode(route.options.sendProxyProtocol(), peers()));
    }
  }

  /**
   * Keeps a connection idle for a later request; closes it where it can't serve another.
   *
   * @param replacing it was made although others may have been idle, as its request is not safe to
   *     repeat: see {@link UpstreamPool#release}
   */
  void release(UpstreamConnection upstream, boolean reusable, boolean replacing) {
    if (!upstream.becomeIdle(reusable && !closed)) {
      return;
    }
    if (hasOwnUpstream()) {
      if (ownUpstream != null) {
        ownUpstream.close();
      }
      ownUpstream = upstream;
    } else {
      pool.release(upstream, replacing);
    }
  }

  void close() {
    closed = true;
    if (ownUpstream != null) {
      ownUpstream.close();
      ownUpstream = null;
    }
  }

  private boolean hasOwnUpstream() {
    return route.options.sendProxyProtocol() != ProxyProtocol.OFF;
  }
}
