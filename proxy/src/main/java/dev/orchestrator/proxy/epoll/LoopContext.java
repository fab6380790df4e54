package dev.orchestrator.proxy.epoll;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.unix.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of one event loop share. Both ends of a connection are on one lane, so that
 * nothing has to be handed from thread to thread. Touched by that loop alone.
 */
public final class LoopContext {
  /** Size of the buffer, in bytes: one read. */
  public static final int BUFFER = 32_768;

  private static final int SPARE_PIPES = 64;

  public final IoEventLoop loop;
  final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
  final long address = Buffer.memoryAddress(buffer);
  public final ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
  private final Deque<KernelPipe> pipes = new ArrayDeque<>();
  private final Map<Class<?>, Resource> resources = new HashMap<>();

  /** An object of a package above this one, of which each event loop has its own. */
  public interface Resource {
    /** Called on the loop, when the proxy closes. */
    void close();
  }

  LoopContext(IoEventLoop loop) {
    this.loop = loop;
  }

  public void execute(Runnable action) {
    if (loop.inEventLoop()) {
      action.run();
    } else {
      loop.execute(action);
    }
  }

  /** A copy of a part of the buffer, for its owner to release. */
  public ByteBuf keep(int from, int to) {
    return allocator
        .directBuffer(to - from)
        .writeBytes(buffer.duplicate().limit(to).position(from));
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
      return null; // copying works without one
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
   * The object of a type that belongs to this loop. To be called on the loop.
   *
   * @param initial makes the object at the first call
   */
  public <T extends Resource> T resource(Class<T> type, Supplier<T> initial) {
    return type.cast(resources.computeIfAbsent(type, _ -> initial.get()));
  }

  /** To be called on the loop, when the proxy closes. */
  public void close() {
    resources.values().forEach(Resource::close);
    pipes.forEach(KernelPipe::close);
    pipes.clear();
  }
}
