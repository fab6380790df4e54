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
 * One client that watches a run: server-sent events, each with its sequence as the id. Ends after
 * the event {@code end}, or when the client goes. All fields are touched on the event loop alone;
 * {@link #accept} hands over from whatever thread an event comes on.
 */
final class EventStream {
  /** How often a comment is sent while nothing happens, so that a lost peer is noticed. */
  static final long HEARTBEAT_MILLIS = 10_000;

  /** A client this far behind is cut off; it comes back with Last-Event-ID. */
  private static final int MOST_UNSENT_BYTES = 1 << 20;

  private final Vertx vertx;
  private final Context loop;
  private final HttpServerResponse response;
  private final long heartbeat;
  private long last;
  private boolean over;
  private EventHub.@Nullable Subscription subscription;

  EventStream(Vertx vertx, Context loop, HttpServerResponse response, long lastSeen) {
    this.vertx = vertx;
    this.loop = loop;
    this.response = response;
    this.last = lastSeen;
    response
        .setChunked(true)
        .setWriteQueueMaxSize(MOST_UNSENT_BYTES)
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .closeHandler(closed -> end());
    this.heartbeat = vertx.setPeriodic(HEARTBEAT_MILLIS, tick -> response.write(": alive\n\n"));
    response.write(": watching\n\n");
  }

  /** Any thread; events keep their order because they come one at a time. */
  void accept(RunEvent event) {
    loop.runOnContext(now -> send(event));
  }

  /** Takes over the subscription; any thread. */
  void attach(EventHub.Subscription taken) {
    loop.runOnContext(now -> {
      subscription = taken;
      if (over) {
        unsubscribe();
      }
    });
  }

  private void send(RunEvent event) {
    boolean isEnd = event.phase().equals("end");
    if (over) {
      return;
    }
    if (event.sequence() > last) {
      last = event.sequence();
      response.write(
          "id: %d\nevent: %s\ndata: %s\n\n"
              .formatted(event.sequence(), event.phase(), Json.write(event)));
    }
    if (isEnd) {
      response.end();
      end();
    } else if (response.writeQueueFull()) {
      response.reset();
      end();
    }
  }

  private void end() {
    if (!over) {
      over = true;
      vertx.cancelTimer(heartbeat);
      unsubscribe();
    }
  }

  /** Off the event loop: closing may wait for an event that is being delivered. */
  private void unsubscribe() {
    EventHub.Subscription taken = subscription;
    if (taken != null) {
      subscription = null;
      Thread.ofVirtual().name("api-unwatch").start(taken::close);
    }
  }
}
