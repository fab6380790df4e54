package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.gate.GateState.Open;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.PendingConnect;
import dev.orchestrator.proxy.gate.RejectReason;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import dev.orchestrator.proxy.gate.RetryPolicy;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response. The request waits for a connection to the target where none is
 * idle, and at the gate while that is held; then both bodies stream through. A request that is safe
 * to repeat is repeated, within the bound for connects, when the target closes before it has
 * responded. Any other request gets a connection of its own, as a target may close an idle
 * connection in the moment that it is used.
 */
final class Exchange implements PendingConnect.Client {
  private final OpenRoute route;
  private final HttpClientConnection client;
  private final RequestHead head;
  private final long beganNanos;
  private final ResponseWriter response;
  private final RetryPolicy retry;
  private final Deque<HttpContent> bufferedBody = new ArrayDeque<>(0);
  private @Nullable PendingConnect pendingConnect;
  private @Nullable UpstreamConnection upstream;
  private long bufferedBodyBytes;
  private boolean requestComplete;
  private boolean finished;

  /**
   * An exchange that has not begun.
   *
   * @param beganNanos when the first byte of the request came
   */
  Exchange(HttpClientConnection client, RequestHead head, long beganNanos) {
    this.route = client.route;
    this.client = client;
    this.head = head;
    this.beganNanos = beganNanos;
    this.retry = new RetryPolicy(route, client.loop);
    this.response = new ResponseWriter(client.output(), head);
  }

  /** Sends the request, or begins to wait for a connection to the target. */
  void begin() {
    // Mostly the gate is open and a connection is idle: such a request passes the queue by.
    if (!(route.gate.state() instanceof Open(Backend backend)) || !useIdleConnection(backend)) {
      awaitUpstream();
    }
  }

  private boolean useIdleConnection(Backend backend) {
    ResolvedBackend resolved = route.resolve(backend);
    boolean used = useIdleConnection(resolved);
    if (used) {
      route.endTurn(resolved);
    }
    return used;
  }

  private void awaitUpstream() {
    if (finished) {
      return;
    }
    pendingConnect = null;
    PendingConnect begun = PendingConnect.begin(route, client.loop, this, client.port);
    if (!finished && upstream == null) {
      pendingConnect = begun;
      client.setReading(requestComplete);
    }
  }

  /** True while there is no connection to the target. */
  boolean isWaiting() {
    return upstream == null;
  }

  boolean isRequestComplete() {
    return requestComplete;
  }

  /** True when the client has to send more of the body before anything goes on. */
  boolean isWaitingForBody() {
    return !requestComplete && client.isReading();
  }

  /** Passes a part of the request's body on; it is released. */
  void sendBody(HttpContent content) {
    requestComplete |= content instanceof LastHttpContent;
    if (finished) {
      content.release();
    } else if (upstream == null) {
      bufferedBody.add(content);
      bufferedBodyBytes += content.content().readableBytes();
    } else {
      upstream.sendBody(content, head.isChunked());
      if (!upstream.isWritable()) {
        client.setReading(false);
      }
    }
  }

  /** Bytes of the request's body that wait with it. */
  long bufferedBodyBytes() {
    return bufferedBodyBytes;
  }

  void flushRequest() {
    if (upstream != null) {
      upstream.flush();
    }
  }

  void upstreamWritabilityChanged(boolean writable) {
    if (writable && !finished) {
      client.setReading(true);
    }
  }

  void clientWritabilityChanged(boolean writable) {
    if (upstream != null && !finished) {
      upstream.setReading(writable);
    }
  }

  @Override
  public boolean useIdleConnection(ResolvedBackend backend) {
    UpstreamConnection idle =
        head.isSafeToRepeat() && !retry.hasFailed()
            ? client.identity().acquire(backend, client.port)
            : null;
    if (idle == null) {
      return false;
    }
    sendRequest(idle);
    return true;
  }

  @Override
  public void connected(ResolvedBackend backend, EpollSocket target) {
    UpstreamConnection opened =
        UpstreamConnection.open(route, backend, client.loop, client.port, target);
    client.identity().sendProxyHeader(opened);
    sendRequest(opened);
  }

  private void sendRequest(UpstreamConnection connection) {
    pendingConnect = null;
    upstream = connection;
    bufferedBodyBytes = 0;
    connection.begin(this, head, client.identity().info());
    for (HttpContent each = bufferedBody.poll(); each != null; each = bufferedBody.poll()) {
      connection.sendBody(each, head.isChunked());
    }
    connection.flush();
    client.setReading(true);
  }

  @Override
  public void rejected(RejectReason reason) {
    fail(reason == RejectReason.UNREACHABLE ? 502 : 503, reason.text);
  }

  @Override
  public boolean hasLeft() {
    return client.hasInputEnded();
  }

  @Override
  public void abandon() {
    client.abandonExchange();
    client.close();
  }

  /** Ends the exchange of a client that has left: nobody reads the response. */
  void clientGone() {
    if (finished) {
      return;
    }
    finish();
    if (pendingConnect != null) {
      pendingConnect.giveUp();
    } else if (upstream != null) {
      upstream.backend().counters().resetsByClient.increment();
      upstream.abandon();
    }
  }

  /** Takes the head of a response; true when it is an interim response, and another follows. */
  boolean receiveHead(UpstreamConnection from, HttpResponse received) {
    LongAdder bytes = from.backend().counters().bytesOut;
    if (response.takeHead(received, bytes)) {
      return true;
    }
    ResponseHead responseHead = Objects.requireNonNull(response.head());
    if (responseHead.switchesProtocol()) {
      switchProtocol(from, responseHead);
    } else {
      boolean close = !requestComplete || !head.keepsAlive() || route.isLeaving();
      response.begin(responseHead, close, bytes);
    }
    return false;
  }

  /** Passes a part of a response's body on; it is released. */
  void receiveBody(UpstreamConnection from, HttpContent content) {
    ResponseHead responseHead = response.head();
    if (finished || responseHead == null) {
      content.release();
      return;
    }
    boolean last = content instanceof LastHttpContent;
    response.writeBody(responseHead, content, from.backend().counters().bytesOut);
    client.touch();
    if (last) {
      complete(from, responseHead);
    } else if (!client.isWritable()) {
      from.setReading(false);
    }
  }

  void flushResponse() {
    client.output().flush();
  }

  private void complete(UpstreamConnection from, ResponseHead responseHead) {
    finish();
    from.backend().counters().answered(responseHead.code(), System.nanoTime() - beganNanos);
    client.output().flush();
    boolean reusable = requestComplete && responseHead.keepsAlive();
    client.identity().release(from, reusable, !head.isSafeToRepeat());
    client.exchangeCompleted(response.closesConnection() || !requestComplete);
  }

  private void switchProtocol(UpstreamConnection from, ResponseHead responseHead) {
    if (!head.wantsUpgrade()) {
      fail(502, "the service changed the protocol unasked");
      return;
    }
    response.begin(responseHead, false, from.backend().counters().bytesOut);
    from.backend().counters().answered(responseHead.code(), System.nanoTime() - beganNanos);
    finish();
    client.openTunnel(from, responseHead.switchesToWebSocket());
  }

  /** Handles that the target closed, reset the connection, or does not speak HTTP. */
  void upstreamGone(UpstreamConnection gone) {
    if (finished || gone != upstream) {
      return;
    }
    upstream = null;
    if (response.hasBegun()) {
      truncate();
    } else if (head.isSafeToRepeat() && gone.isFirstByteMissing() && retry.registerFailure()) {
      if (gone.hasServed()) {
        route.counters.retries.increment();
        awaitUpstream(); // at once: that a target closes an idle connection is no failure of it
      } else {
        retry.schedule(this::awaitUpstream);
      }
    } else {
      gone.backend().counters().unserved.increment();
      fail(502, "the service closed the connection");
    }
  }

  /** Ends the exchange with the target after the budget of a drain is spent. */
  void cut() {
    if (finished) {
      return;
    }
    upstream = null;
    if (response.hasBegun()) {
      truncate();
    } else if (head.isSafeToRepeat()) {
      route.counters.retries.increment();
      awaitUpstream(); // the client has seen nothing of it, so the next backend may respond
    } else {
      fail(502, "the service was stopped");
    }
  }

  /**
   * Ends an incomplete response so that the client sees that: by its length, by a missing chunk, or
   * by a reset.
   */
  private void truncate() {
    finish();
    client.output().flush();
    if (response.endsByClose()) {
      client.reset();
    } else {
      client.closeLingering();
    }
  }

  /** Fails the exchange after nothing has moved for the route's idle time. */
  void timeOut() {
    if (upstream != null) {
      upstream.backend().counters().timedOut.increment();
      upstream.backend().counters().unserved.increment();
    }
    fail(504, "the service did not answer in time");
  }

  /** Responds with an error of the proxy's own, after which the connection is closed. */
  void fail(int status, String text) {
    if (finished) {
      return;
    }
    ResponseHead begun = response.head();
    finish();
    if (pendingConnect != null) {
      boolean _ = pendingConnect.giveUp();
    } else if (upstream != null) {
      upstream.abandon();
    }
    if (begun != null && !begun.switchesProtocol()) {
      client.closeLingering();
    } else {
      client.respond(status, text);
    }
  }

  private void finish() {
    finished = true;
    bufferedBodyBytes = 0;
    for (HttpContent each = bufferedBody.poll(); each != null; each = bufferedBody.poll()) {
      each.release();
    }
  }
}
