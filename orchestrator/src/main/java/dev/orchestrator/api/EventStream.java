package dev.orchestrator.api;

import dev.orchestrator.common.Json;
import dev.orchestrator.upgrade.EventHub;
import dev.orchestrator.upgrade.RunEvent;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/**
 * The server-sent events of a run for one client; an event's id is its sequence. The stream ends
 * after the event {@code end}, or when the client closes it. All fields belong to the event loop;
 * {@link #accept} passes events to it from any thread.
 */
final class EventStream {
  /** How often a comment is sent while nothing happens, so that a lost peer is noticed. */
  static final long HEARTBEAT_MILLIS = 10_000;

  /** A client that is this far behind is cut off; it connects again with Last-Event-ID. */
  private static final int MOST_UNSENT_BYTES = 1 << 20;

  private final Vertx vertx;
  private final Context loop;
  private final HttpServerResponse response;
  private final long heartbeat;
  private long lastSequence;
  private boolean ended;
  private EventHub.@Nullable Subscription subscription;

  EventStream(Vertx vertx, Context loop, HttpServerResponse response, long lastSeen) {
    this.vertx = vertx;
    this.loop = loop;
    this.response = response;
    this.lastSequence = lastSeen;
    response
        .setChunked(true)
        .setWriteQueueMaxSize(MOST_UNSENT_BYTES)
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .closeHandler(closed -> end());
    this.heartbeat = vertx.setPeriodic(HEARTBEAT_MILLIS, tick -> response.write(": alive\n\n"));
    response.write(": watching\n\n");
  }

  /** Sends an event. Any thread; events keep their order, as they come one at a time. */
  void accept(RunEvent event) {
    loop.runOnContext(now -> send(event));
  }

  /** Closes this subscription when the stream ends. Any thread. */
  void attach(EventHub.Subscription attached) {
    loop.runOnContext(now -> {
      subscription = attached;
      if (ended) {
        unsubscribe();
      }
    });
  }

  private void send(RunEvent event) {
    boolean last = event.phase().equals("end");
    if (ended) {
      return;
    }
    if (event.sequence() > lastSequence) {
      lastSequence = event.sequence();
      response.write(
          "id: %d\nevent: %s\ndata: %s\n\n"
              .formatted(event.sequence(), event.phase(), Json.write(event)));
    }
    if (last) {
      response.end();
      end();
    } else if (response.writeQueueFull()) {
      response.reset();
      end();
    }
  }

  private void end() {
    if (!ended) {
      ended = true;
      vertx.cancelTimer(heartbeat);
      unsubscribe();
    }
  }

  /** Off the event loop: closing may wait for an event that is being delivered. */
  private void unsubscribe() {
    EventHub.Subscription closing = subscription;
    if (closing != null) {
      subscription = null;
      Thread.ofVirtual().name("api-unwatch").start(closing::close);
    }
  }
}
