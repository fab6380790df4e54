package dev.orchestrator.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection from its acceptance until it has a target, is refused, or gives up. It
 * lives on the client's event loop; {@link #connect}, {@link #recall} and {@link #refuse} may be
 * called from anywhere.
 *
 * <p>Nothing is read from the client. The exception is the transport's: when the client ends its
 * stream, what it had sent is read at once, and kept here. A client that ended its stream without
 * having sent anything has given up; one that had sent something may still wait for the answer.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a close brings arrives as an event
final class Arrival extends ChannelInboundHandlerAdapter {
  private static final long FIRST_PAUSE_MS = 10;
  private static final long LONGEST_PAUSE_MS = 200;

  private final OpenRoute route;
  private final Channel client;
  private final long order;
  private final long arrived = System.nanoTime();
  private final List<ByteBuf> early = new ArrayList<>(0);
  private volatile @Nullable HoldFigures hold;
  private boolean inputEnded;
  private boolean over;
  private @Nullable ChannelFuture attempt;
  private long firstAttempt;
  private long pauseMs;

  Arrival(OpenRoute route, Channel client, long order) {
    this.route = route;
    this.client = client;
    this.order = order;
  }

  long order() {
    return order;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    route.counters.total.increment();
    if (route.places.tryAcquire()) {
      route.counters.waiting.increment();
      route.queue.add(this);
    } else {
      over = true;
      route.counters.refused.increment();
      route.warn("too many connections wait (max held " + route.options.maxHeld() + ")");
      LingeringClose.begin(client);
    }
  }

  /** It met a held gate. Called under the queue's lock. */
  void markHeld() {
    if (hold == null) {
      hold = route.counters.enterHold();
    }
  }

  void connect(Side side) {
    onLoop(() -> startAttempt(side));
  }

  private void startAttempt(Side side) {
    if (over) {
      route.queue.remove(this);
      return;
    }
    if (!route.gate.leadsTo(side)) {
      backToTheGate();
      return;
    }
    if (pauseMs == 0) {
      firstAttempt = System.nanoTime();
      pauseMs = FIRST_PAUSE_MS;
    }
    ChannelFuture connecting = route.connect(loop(), side);
    attempt = connecting;
    // Without a descriptor for its socket an attempt fails on another thread.
    connecting.addListener(_ -> onLoop(() -> attempted(side, connecting)));
  }

  /** Gives an attempt up: nothing was sent, so that the connection can wait again. */
  void recall() {
    onLoop(() -> {
      if (attempt != null) {
        attempt.cancel(false);
      }
    });
  }

  void refuse(String reason) {
    onLoop(() -> {
      if (leave()) {
        route.counters.refused.increment();
        route.warn("a client was closed unserved: " + reason);
        early.forEach(ByteBuf::release);
        LingeringClose.begin(client);
      }
    });
  }

  private void attempted(Side side, ChannelFuture connecting) {
    attempt = null;
    boolean failed = !connecting.isSuccess() && !connecting.isCancelled();
    if (failed) {
      route.counters.connectFailures.increment();
    }
    if (over || connecting.isCancelled() || !route.gate.leadsTo(side)) {
      if (!failed) {
        connecting.channel().close();
      }
      backToTheGate();
    } else if (failed) {
      retry(side, connecting.cause());
    } else {
      link(side, connecting.channel());
    }
  }

  private void backToTheGate() {
    if (over) {
      route.queue.remove(this);
      return;
    }
    pauseMs = 0;
    if (gaveUpWhileHeld()) {
      giveUp();
    } else {
      route.queue.add(this);
    }
  }

  private void retry(Side side, Throwable cause) {
    if (System.nanoTime() - firstAttempt > route.options.connectRetry().toNanos()) {
      refuse(side.name() + " does not answer: " + cause.getMessage());
      return;
    }
    loop()
        .schedule(
            () -> {
              if (!over) {
                route.queue.add(this);
              }
            },
            pauseMs,
            TimeUnit.MILLISECONDS);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    route.queue.remove(this); // the slot is free for another meanwhile
  }

  private void link(Side side, Channel target) {
    HoldFigures held = hold;
    if (held != null) {
      route.counters.served(held, System.nanoTime() - arrived);
    }
    leave();
    client.pipeline().remove(this);
    Link link = new Link(side, client, target, route);
    link.start(early, inputEnded);
  }

  /** Whatever is read here was sent before the client ended its stream. */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (over) {
      bytes.release();
    } else {
      early.add(bytes);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputEnded = true;
      HalfClosed.keepWritable(client);
      if (gaveUpWhileHeld()) {
        giveUp();
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    giveUp();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    giveUp();
  }

  private boolean gaveUpWhileHeld() {
    return inputEnded && early.isEmpty() && route.gate.holding();
  }

  private void giveUp() {
    if (leave()) {
      route.counters.gaveUp.increment();
      early.forEach(ByteBuf::release);
      client.close();
    }
  }

  private boolean leave() {
    if (over) {
      return false;
    }
    over = true;
    route.counters.waiting.decrement();
    route.places.release();
    route.queue.remove(this);
    if (attempt != null) {
      attempt.cancel(false);
    }
    return true;
  }

  private EventLoop loop() {
    return client.eventLoop();
  }

  private void onLoop(Runnable action) {
    if (loop().inEventLoop()) {
      action.run();
    } else {
      loop().execute(action);
    }
  }
}
