package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventActor;
import com.github.dockerjava.api.model.EventType;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The engine's events. */
final class DockerEvents {
  private static final String COMMAND_ENDED = "exec_die";
  private static final String[] EVENTS = {
    "start", "die", "pause", "unpause", "destroy", COMMAND_ENDED
  };

  private final DockerClient client;
  private final OwnCommands own;

  DockerEvents(EngineConnection connection, OwnCommands own) {
    this.client = connection.client();
    this.own = own;
  }

  Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    return client
        .eventsCmd()
        .withEventTypeFilter(EventType.CONTAINER)
        .withEventFilter(EVENTS)
        .withLabelFilter(labels)
        .exec(new Stream(watcher, own));
  }

  /** Passes on what comes, until the stream ends for whatever reason. */
  private static final class Stream implements ResultCallback<Event> {
    private final ContainerWatcher watcher;
    private final OwnCommands own;
    private final AtomicBoolean ended = new AtomicBoolean();
    private @Nullable Closeable open;

    Stream(ContainerWatcher watcher, OwnCommands own) {
      this.watcher = watcher;
      this.own = own;
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
      if (!COMMAND_ENDED.equals(event.getAction())) {
        watcher.changed();
      } else if (!own.remove(commandOf(event))) {
        watcher.commandEnded();
      }
    }

    private static String commandOf(Event event) {
      EventActor actor = event.getActor();
      Map<String, String> attributes = actor == null ? null : actor.getAttributes();
      return attributes == null ? "" : attributes.getOrDefault("execID", "");
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
