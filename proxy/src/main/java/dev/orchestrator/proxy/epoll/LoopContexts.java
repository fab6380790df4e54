package dev.orchestrator.proxy.epoll;

import dev.orchestrator.proxy.config.ProxyException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** The contexts of all event loops of a proxy. Thread-safe. */
public final class LoopContexts {
  private static final long ANSWER_SECONDS = 10;

  private final List<LoopContext> all;
  private final AtomicInteger next = new AtomicInteger();

  public LoopContexts(EventLoopGroup group) {
    List<LoopContext> contexts = new ArrayList<>();
    for (EventExecutor each : group) {
      if (!(each instanceof IoEventLoop loop) || !loop.isCompatible(EpollIoHandle.class)) {
        throw new ProxyException(
            "the proxy needs Linux's epoll: run it on Linux, on x86-64 or arm64", null);
      }
      contexts.add(new LoopContext(loop));
    }
    this.all = List.copyOf(contexts);
  }

  /** The loop for the next connection, in turn. */
  public LoopContext next() {
    return all.get(Math.floorMod(next.getAndIncrement(), all.size()));
  }

  /**
   * Runs an action on every loop, and returns when it has run on all of them. Each loop has then
   * also run everything that was submitted to it before this call.
   */
  public void runOnEach(Consumer<LoopContext> action) {
    CountDownLatch done = new CountDownLatch(all.size());
    for (LoopContext loop : all) {
      loop.eventLoop.execute(() -> {
        try {
          action.accept(loop);
        } finally {
          done.countDown();
        }
      });
    }
    try {
      if (!done.await(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        throw new ProxyException(
            "an event loop of the proxy did not answer within " + ANSWER_SECONDS + " s", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for the proxy's event loops", e);
    }
  }

  /** Runs an action on every loop, later. */
  public void submitToEach(Consumer<LoopContext> action) {
    all.forEach(loop -> loop.eventLoop.execute(() -> action.accept(loop)));
  }

  /** Fails when the caller is on an event loop, which must not block. */
  public void requireOtherThread() {
    for (LoopContext loop : all) {
      if (loop.eventLoop.inEventLoop()) {
        throw new IllegalStateException(
            "the proxy's methods block: they must not be called on an event loop");
      }
    }
  }
}
