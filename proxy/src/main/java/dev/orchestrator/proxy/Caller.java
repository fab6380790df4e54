package dev.orchestrator.proxy;

import dev.orchestrator.proxy.ProxyHeader.Peers;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import org.jspecify.annotations.Nullable;

/**
 * Who a client of an http route is, and what a target is told of it. Where it is told by a PROXY
 * protocol header, a connection to the target is this client's alone; else all clients of a lane
 * share them. On the lane's loop.
 */
final class Caller {
  private final OpenRoute route;
  private final Lane lane;
  private final EpollSocketChannel channel;
  private @Nullable Peers peers;
  private RequestHead.@Nullable Client client;
  private @Nullable Upstream own;
  private boolean closed;

  Caller(OpenRoute route, Lane lane, EpollSocketChannel channel) {
    this.route = route;
    this.lane = lane;
    this.channel = channel;
  }

  /** What the client's proxy says of it. */
  void told(HAProxyMessage header) {
    peers = ProxyHeader.peers(header);
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
  @Nullable Upstream take(Lead lead, int port) {
    if (!isPrivate()) {
      return lane.store.take(lead, port);
    }
    Upstream kept = own;
    own = null;
    return kept != null && kept.isOpen() && kept.leadsTo(lead, port) ? kept : null;
  }

  /** Tells a new connection to a target whose it is. */
  void introduce(Upstream made) {
    if (isPrivate()) {
      made.precede(ProxyHeader.encode(route.route.options().sendProxyProtocol(), peers()));
    }
  }

  /**
   * Keeps a connection for later, closes it where it can't be used again.
   *
   * @param extra made though others were kept, as its request is not safe to repeat
   */
  void giveBack(Upstream used, boolean reusable, boolean extra) {
    if (!used.release(reusable && !closed)) {
      return;
    }
    if (isPrivate()) {
      if (own != null) {
        own.close();
      }
      own = used;
    } else {
      lane.store.put(used, extra);
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
