package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The engine's events. */
final class DockerEvents {
  private static final String[] CHANGES = {"start", "die", "pause", "unpause", "destroy"};

  private final DockerClient client;

  DockerEvents(EngineConnection connection) {
    this.client = connection.client();
  }

  Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    return client
        .eventsCmd()
        .withEventTypeFilter(EventType.CONTAINER)
        .withEventFilter(CHANGES)
        .withLabelFilter(labels)
        .exec(new Stream(watcher));
  }

  /** Passes on what comes, until the stream ends for whatever reason. */
  private static final class Stream implements ResultCallback<Event> {
    private final ContainerWatcher watcher;
    private final AtomicBoolean ended = new AtomicBoolean();
    private @Nullable Closeable open;

    Stream(ContainerWatcher watcher) {
      this.watcher = watcher;
    }

    @Override
    public void onStart(Closeable stream) {
      synchronized (this) {
        open = stream;
      }
      if (ended.get()) {
        closeStream(); // It was closed before the engine answered.
      } else {
        watcher.began();
      }
    }

    @Override
    public void onNext(Event event) {
      watcher.changed();
    }

    @Override
    public void onError(Throwable failure) {
      end();
    }

    @Override
    public void onComplete() {
      end();
    }

    @Override
    public void close() {
      end();
      closeStream();
    }

    private void end() {
      if (ended.compareAndSet(false, true)) {
        watcher.ended();
      }
    }

    private synchronized void closeStream() {
      try {
        if (open != null) {
          open.close();
        }
      } catch (IOException e) {
        // The connection had ended: what was to be reached.
        open = null;
      }
    }
  }
}
