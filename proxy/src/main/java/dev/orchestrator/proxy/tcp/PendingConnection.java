package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LingeringClose;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.PendingConnect;
import dev.orchestrator.proxy.gate.RejectReason;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to a tcp route, from its acceptance until it has a target, is refused, or
 * gives up. Nothing is read from it before; the exceptions are a PROXY protocol header, where the
 * route expects one, and one byte when the client ends its stream: one that ended it without having
 * sent anything has given up, one that had sent something may still wait for the answer.
 */
public final class PendingConnection implements EpollSocket.Owner, PendingConnect.Guest {
  private final OpenRoute route;
  private final LoopContext lane;
  private final EpollSocket client;
  private final int port;
  private @Nullable ProxyProtocolHeader header;
  private @Nullable ScheduledFuture<?> headerLimit;
  private @Nullable PendingConnect wait;
  private @Nullable ByteBuf early;
  private boolean ended;
  private boolean over;

  private PendingConnection(OpenRoute route, LoopContext lane, EpollSocket client, int port) {
    this.route = route;
    this.lane = lane;
    this.client = client;
    this.port = port;
  }

  /** Takes a connection over, on the lane's loop. */
  public static void begin(OpenRoute route, LoopContext lane, EpollSocket client, int port) {
    PendingConnection arrival = new PendingConnection(route, lane, client, port);
    client.setOwner(arrival);
    if (route.route.options().acceptProxyProtocol()) {
      arrival.expectHeader();
    } else {
      arrival.await();
    }
  }

  private void expectHeader() {
    header = new ProxyProtocolHeader();
    headerLimit =
        lane.loop.schedule(
            () -> badHeader("none came in time"),
            route.route.options().headTimeout().toNanos(),
            TimeUnit.NANOSECONDS);
  }

  private void readHeader(ProxyProtocolHeader reading) {
    int count = client.read(lane, LoopContext.BUFFER);
    if (count == 0) {
      return;
    }
    if (count < 0) {
      drop();
      return;
    }
    try {
      early = reading.read(lane.keep(0, count));
    } catch (IllegalArgumentException e) {
      badHeader(String.valueOf(e.getMessage()));
      return;
    }
    if (reading.complete() && headerLimit != null) {
      headerLimit.cancel(false);
      headerLimit = null;
      await();
    }
  }

  private void badHeader(String reason) {
    route.warn("a client was closed: its PROXY protocol header is not right: " + reason);
    route.counters.refused.increment();
    drop();
  }

  private void await() {
    PendingConnect begun = PendingConnect.begin(route, lane, this, port);
    if (!over) {
      wait = begun;
    }
  }

  @Override
  public void ready(EpollSocket wire) {
    if (over) {
      return;
    }
    if (header != null && headerLimit != null) {
      readHeader(header);
    } else if (client.gone()) {
      drop();
    } else if (client.ending() && early == null && !ended) {
      readOne();
    }
  }

  private void readOne() {
    int count = client.read(lane, 1);
    if (count > 0) {
      early = lane.keep(0, count);
    } else if (count == EpollSocket.BROKEN) {
      drop();
    } else if (count == EpollSocket.END) {
      ended = true;
      if (route.gate.holding()) {
        drop();
      }
    }
  }

  @Override
  public boolean gaveUp() {
    return ended;
  }

  @Override
  public void drop() {
    over = true;
    if (wait != null) {
      wait.giveUp();
    }
    release();
    client.close();
  }

  @Override
  public void served(ResolvedBackend lead, EpollSocket target) {
    over = true;
    TcpRelay link = new TcpRelay(route, lead, lane, client, target);
    ByteBuf sent = ProxyProtocolHeader.toTarget(route, header, client.socket());
    link.start(sent, early);
  }

  @Override
  public void refused(RejectReason why) {
    over = true;
    release();
    LingeringClose.to(client, lane);
  }

  private void release() {
    if (headerLimit != null) {
      headerLimit.cancel(false);
      headerLimit = null;
    }
    if (early != null) {
      early.release();
      early = null;
    }
  }
}
