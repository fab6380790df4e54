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

/** A lane for each event loop. Thread-safe. */
public final class LoopContexts {
  private static final long ANSWER_SECONDS = 10;

  private final List<LoopContext> all;
  private final AtomicInteger next = new AtomicInteger();

  public LoopContexts(EventLoopGroup loops) {
    List<LoopContext> lanes = new ArrayList<>();
    for (EventExecutor each : loops) {
      if (!(each instanceof IoEventLoop loop) || !loop.isCompatible(EpollIoHandle.class)) {
        throw new ProxyException(
            "the proxy needs Linux's epoll: run it on Linux, on x86-64 or arm64", null);
      }
      lanes.add(new LoopContext(loop));
    }
    this.all = List.copyOf(lanes);
  }

  /** In turn. */
  public LoopContext next() {
    return all.get(Math.floorMod(next.getAndIncrement(), all.size()));
  }

  /**
   * Does something on each lane's loop, and returns when it was done on all: each has then also
   * done what it had begun before.
   */
  public void onEach(Consumer<LoopContext> action) {
    CountDownLatch passed = new CountDownLatch(all.size());
    for (LoopContext lane : all) {
      lane.loop.execute(() -> {
        try {
          action.accept(lane);
        } finally {
          passed.countDown();
        }
      });
    }
    try {
      if (!passed.await(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        throw new ProxyException(
            "an event loop of the proxy did not answer within " + ANSWER_SECONDS + " s", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for the proxy's event loops", e);
    }
  }

  /** Does something on each lane's loop, later. */
  public void tellEach(Consumer<LoopContext> action) {
    all.forEach(lane -> lane.loop.execute(() -> action.accept(lane)));
  }

  public void checkThread() {
    for (LoopContext lane : all) {
      if (lane.loop.inEventLoop()) {
        throw new IllegalStateException("the proxy's methods block: not on an event loop");
      }
    }
  }
}
