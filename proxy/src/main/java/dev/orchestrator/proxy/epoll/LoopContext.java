package dev.orchestrator.proxy.epoll;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.unix.Buffer;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * State that all connections of one event loop share. Both ends of a connection are on the same
 * loop, so that nothing is passed from thread to thread. To be used on that loop alone, but for
 * {@link #execute}.
 */
public final class LoopContext {
  /** Size of the loop's buffer, in bytes: the most that one read takes. */
  public static final int BUFFER_SIZE = 32_768;

  private static final int SPARE_PIPES = 64;

  public final IoEventLoop eventLoop;
  public final ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
  final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_SIZE);
  final long address = Buffer.memoryAddress(buffer);
  private final Deque<KernelPipe> pipes = new ArrayDeque<>();
  private final Map<Class<?>, Resource> resources = new HashMap<>();

  /** An object of a package above this one, of which each event loop has its own. */
  public interface Resource {
    /** Called on the loop, when the proxy closes. */
    void close();
  }

  LoopContext(IoEventLoop eventLoop) {
    this.eventLoop = eventLoop;
  }

  /** Runs an action on the loop: now when called there, else later. Thread-safe. */
  public void execute(Runnable action) {
    if (eventLoop.inEventLoop()) {
      action.run();
    } else {
      eventLoop.execute(action);
    }
  }

  /** Runs an action on the loop after a delay. */
  public ScheduledFuture<?> schedule(Runnable action, long delay, TimeUnit unit) {
    return eventLoop.schedule(action, delay, unit);
  }

  /** A copy of a part of the loop's buffer, to be released by the caller. */
  public ByteBuf copyOfBuffer(int from, int to) {
    return allocator
        .directBuffer(to - from)
        .writeBytes(buffer.duplicate().limit(to).position(from));
  }

  /** The first bytes of the loop's buffer, until the next read. */
  public ByteBuffer bytesOfBuffer(int count) {
    return buffer.duplicate().limit(count);
  }

  /** An empty pipe, or null when there are no file descriptors left. */
  public @Nullable KernelPipe borrowPipe() {
    KernelPipe pipe = pipes.poll();
    if (pipe != null) {
      return pipe;
    }
    try {
      return new KernelPipe();
    } catch (IOException e) {
      return null; // the caller copies bytes instead
    }
  }

  /** Takes an empty pipe back. */
  public void returnPipe(KernelPipe pipe) {
    if (pipes.size() < SPARE_PIPES) {
      pipes.push(pipe);
    } else {
      pipe.close();
    }
  }

  /**
   * The object of a type that belongs to this loop.
   *
   * @param initial makes the object at the first call
   */
  public <T extends Resource> T resource(Class<T> type, Supplier<T> initial) {
    return type.cast(resources.computeIfAbsent(type, _ -> initial.get()));
  }

  /** To be called when the proxy closes. */
  public void close() {
    resources.values().forEach(Resource::close);
    pipes.forEach(KernelPipe::close);
    pipes.clear();
  }
}
