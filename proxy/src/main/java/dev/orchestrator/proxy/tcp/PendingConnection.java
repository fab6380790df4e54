package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LingeringClose;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.HeldBytes;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.PendingConnect;
import dev.orchestrator.proxy.gate.RejectReason;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to a tcp route, from its acceptance until it has a target, is rejected, or
 * the client leaves. Nothing is read before, with two exceptions: a PROXY protocol header, where
 * the route expects it; and one byte when the client ends its stream. A client that ended its
 * stream without a byte has left; a client that sent something may still wait for the answer.
 */
public final class PendingConnection implements EpollSocket.Owner, PendingConnect.Client {
  private final OpenRoute route;
  private final LoopContext loop;
  private final EpollSocket client;
  private final int port;
  private @Nullable ProxyProtocolHeader header;
  private @Nullable ScheduledFuture<?> headerTimeout;
  private @Nullable PendingConnect pendingConnect;
  private @Nullable ByteBuf readAhead;
  private HeldBytes.@Nullable Share heldBytes;
  private boolean clientEnded;
  private boolean finished;

  private PendingConnection(OpenRoute route, LoopContext loop, EpollSocket client, int port) {
    this.route = route;
    this.loop = loop;
    this.client = client;
    this.port = port;
  }

  /**
   * Takes an accepted connection over. To be called on the loop.
   *
   * @param port the place among the ports of the route, counted from 0
   */
  public static void begin(OpenRoute route, LoopContext loop, EpollSocket client, int port) {
    PendingConnection pending = new PendingConnection(route, loop, client, port);
    client.setOwner(pending);
    if (route.options.acceptProxyProtocol()) {
      pending.awaitHeader();
    } else {
      pending.awaitTarget();
    }
  }

  private void awaitHeader() {
    header = new ProxyProtocolHeader();
    headerTimeout =
        loop.schedule(
            () -> rejectHeader("it did not come in time"),
            route.options.headTimeout().toNanos(),
            TimeUnit.NANOSECONDS);
  }

  private void readHeader(ProxyProtocolHeader reading) {
    int count = client.read(loop, LoopContext.BUFFER_SIZE);
    if (count == 0) {
      return;
    }
    if (count < 0) {
      abandon();
      return;
    }
    try {
      readAhead = reading.read(loop.copyOfBuffer(0, count));
    } catch (IllegalArgumentException e) {
      rejectHeader(String.valueOf(e.getMessage()));
      return;
    }
    if (reading.isComplete() && headerTimeout != null) {
      headerTimeout.cancel(false);
      headerTimeout = null;
      if (readAhead != null && !countReadAhead(readAhead)) {
        route.countOverBytes();
        rejected(RejectReason.FULL);
        return;
      }
      awaitTarget();
    }
  }

  private boolean countReadAhead(ByteBuf bytes) {
    HeldBytes.Share share = route.heldBytes.new Share();
    heldBytes = share;
    return share.resize(bytes.readableBytes());
  }

  private void rejectHeader(String reason) {
    route.warn("a client was closed: its PROXY protocol header is not right: " + reason);
    route.counters.refused.increment();
    abandon();
  }

  private void awaitTarget() {
    PendingConnect begun = PendingConnect.begin(route, loop, this, port);
    if (!finished) {
      pendingConnect = begun;
    }
  }

  @Override
  public void ready(EpollSocket socket) {
    if (finished) {
      return;
    }
    if (header != null && headerTimeout != null) {
      readHeader(header);
    } else if (client.isGone()) {
      abandon();
    } else if (client.hasPeerEnded() && readAhead == null && !clientEnded) {
      readOneByte();
    }
  }

  private void readOneByte() {
    int count = client.read(loop, 1);
    if (count > 0) {
      readAhead = loop.copyOfBuffer(0, count);
    } else if (count == EpollSocket.BROKEN) {
      abandon();
    } else if (count == EpollSocket.END) {
      clientEnded = true;
      if (route.gate.isHolding()) {
        abandon();
      }
    }
  }

  @Override
  public boolean hasLeft() {
    return clientEnded;
  }

  @Override
  public void abandon() {
    finished = true;
    if (pendingConnect != null) {
      pendingConnect.giveUp();
    }
    release();
    client.close();
  }

  @Override
  public void connected(ResolvedBackend backend, EpollSocket target) {
    finished = true;
    releaseHeldBytes();
    TcpRelay relay = new TcpRelay(route, backend, loop, client, target);
    relay.start(ProxyProtocolHeader.toTarget(route, header, client.socket()), readAhead);
  }

  @Override
  public void rejected(RejectReason reason) {
    finished = true;
    release();
    LingeringClose.begin(client, loop);
  }

  private void releaseHeldBytes() {
    if (heldBytes != null) {
      boolean _ = heldBytes.resize(0);
    }
  }

  private void release() {
    releaseHeldBytes();
    if (headerTimeout != null) {
      headerTimeout.cancel(false);
      headerTimeout = null;
    }
    if (readAhead != null) {
      readAhead.release();
      readAhead = null;
    }
  }
}
