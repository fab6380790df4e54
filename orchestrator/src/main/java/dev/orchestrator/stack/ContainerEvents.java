package dev.orchestrator.stack;

import dev.orchestrator.engine.ContainerWatcher;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What the engine tells of the stack's containers, for one thread that asks for it; {@link #close}
 * may come from another.
 */
final class ContainerEvents implements AutoCloseable {
  private final Engine engine;
  private final Map<String, String> labels;
  private final Runnable onChange;
  private final AtomicBoolean told = new AtomicBoolean();
  private final AtomicBoolean commands = new AtomicBoolean();

  /** From the answer of the engine to the end of the stream. */
  private volatile boolean open;

  private boolean closed;
  private @Nullable Closeable stream;

  /** Guarded by this: whether a stream was asked for that has not ended. */
  private boolean asked;

  /**
   * Asks for nothing yet.
   *
   * @param onChange what can't wait for the next look, on a thread of its own
   */
  ContainerEvents(Engine engine, Map<String, String> labels, Runnable onChange) {
    this.engine = engine;
    this.labels = labels;
    this.onChange = onChange;
  }

  /** Has the engine tell, if it doesn't; an engine that doesn't answer is asked again next time. */
  synchronized void ensureOpen() {
    if (asked || closed) {
      return;
    }
    asked = true;
    try {
      stream = engine.watch(labels, new Listener());
    } catch (EngineException e) {
      asked = false; // Whoever asks for the state of the containers says so.
    }
  }

  /** Whether what happens to a container is told, and nothing was missed since the last look. */
  boolean areTold() {
    return open;
  }

  /** Whether something was told since the last call, or may have been missed. */
  boolean takeTold() {
    return told.getAndSet(false);
  }

  /** Whether somebody has run a command in a container since the last call. */
  boolean takeCommands() {
    return commands.getAndSet(false);
  }

  private final class Listener implements ContainerWatcher {
    @Override
    public void began() {
      open = true;
      told.set(true); // What happened before this is to be looked at.
    }

    @Override
    public void changed() {
      told.set(true);
      Thread.ofVirtual().name("container event").start(onChange);
    }

    @Override
    public void commandEnded() {
      commands.set(true);
      told.set(true);
    }

    @Override
    public void ended() {
      synchronized (ContainerEvents.this) {
        asked = false;
      }
      if (open) {
        open = false;
        told.set(true);
      }
    }
  }

  @Override
  public void close() {
    Closeable last;
    synchronized (this) {
      closed = true;
      last = stream;
    }
    if (last == null) {
      return;
    }
    try {
      last.close();
    } catch (IOException e) {
      throw new IllegalStateException("closing the engine's events", e);
    }
  }
}
