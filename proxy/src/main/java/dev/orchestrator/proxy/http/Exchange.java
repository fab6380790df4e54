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
 * One request and its answer. It waits for a connection to the target where none is kept, at the
 * gate where that is held; then body and answer stream through. A request that is safe to repeat is
 * repeated, within the bound for connects, when the target closes before it has answered; any other
 * gets a connection of its own, as the target may close a kept one in the moment that it is used.
 */
final class Exchange implements PendingConnect.Guest {
  private final OpenRoute route;
  private final HttpClientConnection front;
  private final RequestHead head;
  private final long began;
  private final ResponseWriter answer;
  private final RetryPolicy repeats;
  private final Deque<HttpContent> kept = new ArrayDeque<>(0);
  private @Nullable PendingConnect wait;
  private @Nullable UpstreamConnection upstream;
  private boolean requestComplete;
  private boolean over;

  Exchange(HttpClientConnection front, RequestHead head, long began) {
    this.route = front.route;
    this.front = front;
    this.head = head;
    this.began = began;
    this.repeats = new RetryPolicy(route, front.lane);
    this.answer = new ResponseWriter(front.out(), head);
  }

  void begin() {
    // Without the queue, as it is most of the time: open, and a connection is there.
    if (!(route.gate.state() instanceof Open(Backend side)) || !servedFromStore(route.lead(side))) {
      await();
    }
  }

  private void await() {
    if (over) {
      return;
    }
    wait = null;
    PendingConnect begun = PendingConnect.begin(route, front.lane, this, front.port);
    if (!over && upstream == null) {
      wait = begun;
      front.read(requestComplete);
    }
  }

  boolean waits() {
    return upstream == null;
  }

  boolean isRequestComplete() {
    return requestComplete;
  }

  /** It is the client's turn. */
  boolean waitsForBody() {
    return !requestComplete && front.isReading();
  }

  /** A part of the request's body, taken over. */
  void body(HttpContent content) {
    requestComplete |= content instanceof LastHttpContent;
    if (over) {
      content.release();
    } else if (upstream == null) {
      kept.add(content);
    } else {
      upstream.body(content, head.chunked());
      if (!upstream.isWritable()) {
        front.read(false);
      }
    }
  }

  void flushRequest() {
    if (upstream != null) {
      upstream.flush();
    }
  }

  void upstreamWritable(boolean writable) {
    if (writable && !over) {
      front.read(true);
    }
  }

  void frontWritable(boolean writable) {
    if (upstream != null && !over) {
      upstream.read(writable);
    }
  }

  @Override
  public boolean servedFromStore(ResolvedBackend lead) {
    UpstreamConnection found =
        head.repeatable() && !repeats.begun() ? front.caller().take(lead, front.port) : null;
    if (found == null) {
      return false;
    }
    attach(found);
    return true;
  }

  @Override
  public void served(ResolvedBackend lead, EpollSocket target) {
    UpstreamConnection made = UpstreamConnection.on(route, lead, front.lane, front.port, target);
    front.caller().introduce(made);
    attach(made);
  }

  private void attach(UpstreamConnection to) {
    wait = null;
    upstream = to;
    to.begin(this, head, front.caller().client());
    for (HttpContent each = kept.poll(); each != null; each = kept.poll()) {
      to.body(each, head.chunked());
    }
    to.flush();
    front.read(true);
  }

  @Override
  public void refused(RejectReason why) {
    fail(why == RejectReason.UNREACHABLE ? 502 : 503, why.text);
  }

  @Override
  public boolean gaveUp() {
    return front.inputEnded();
  }

  @Override
  public void drop() {
    front.gone();
    front.close();
  }

  /** The client is gone: nobody waits for the answer. */
  void clientGone() {
    if (over) {
      return;
    }
    end();
    if (wait != null) {
      wait.giveUp();
    } else if (upstream != null) {
      upstream.lead().counters().resetsByClient.increment();
      upstream.abandon();
    }
  }

  /** The head of an answer; true when another follows. */
  boolean answer(UpstreamConnection from, HttpResponse response) {
    LongAdder bytes = from.lead().counters().bytesOut;
    if (answer.isInterim(response, bytes)) {
      return true;
    }
    ResponseHead got = Objects.requireNonNull(answer.head());
    if (got.switches()) {
      switchProtocol(from, got);
    } else {
      answer.begin(got, !requestComplete || !head.keepsAlive() || route.isLeaving(), bytes);
    }
    return false;
  }

  /** A part of an answer's body, taken over. */
  void answerBody(UpstreamConnection from, HttpContent content) {
    ResponseHead got = answer.head();
    if (over || got == null) {
      content.release();
      return;
    }
    boolean last = content instanceof LastHttpContent;
    answer.body(got, content, from.lead().counters().bytesOut);
    front.touch();
    if (last) {
      complete(from, got);
    } else if (!front.isWritable()) {
      from.read(false);
    }
  }

  void flushAnswer() {
    front.out().flush();
  }

  private void complete(UpstreamConnection from, ResponseHead got) {
    end();
    from.lead().counters().answered(got.code(), System.nanoTime() - began);
    front.out().flush();
    front.caller().giveBack(from, requestComplete && got.keepsAlive(), !head.repeatable());
    front.answered(answer.closes() || !requestComplete);
  }

  private void switchProtocol(UpstreamConnection from, ResponseHead got) {
    if (!head.wantsUpgrade()) {
      fail(502, "the service changed the protocol unasked");
      return;
    }
    answer.begin(got, false, from.lead().counters().bytesOut);
    from.lead().counters().answered(got.code(), System.nanoTime() - began);
    end();
    front.tunnel(from);
  }

  /** The target closed, or broke off, or does not speak HTTP. */
  void upstreamGone(UpstreamConnection which) {
    if (over || which != upstream) {
      return;
    }
    upstream = null;
    if (answer.begun()) {
      truncate();
    } else if (head.repeatable() && which.isFirstByteMissing() && repeats.allowed()) {
      if (which.used()) {
        route.counters.retries.increment();
        await(); // kept for too long: that is no fault of the target's
      } else {
        repeats.later(this::await);
      }
    } else {
      fail(502, "the service broke off");
    }
  }

  /** The drain's budget is over. */
  void cut() {
    if (over) {
      return;
    }
    upstream = null;
    if (answer.begun()) {
      truncate();
    } else if (head.repeatable()) {
      route.counters.retries.increment();
      await(); // nobody has seen anything of it: the next side may answer
    } else {
      fail(502, "the service was stopped");
    }
  }

  /** The client sees that the answer is not whole: by its length, a missing chunk, or a reset. */
  private void truncate() {
    end();
    front.out().flush();
    if (answer.endsSilently()) {
      front.reset();
    } else {
      front.farewell();
    }
  }

  /** Nothing has moved for the route's idle time. */
  void timedOut() {
    if (upstream != null) {
      upstream.lead().counters().timedOut.increment();
    }
    fail(504, "the service did not answer in time");
  }

  /** Answers with an error of the proxy's own, after which the connection is closed. */
  void fail(int status, String text) {
    if (over) {
      return;
    }
    ResponseHead begun = answer.head();
    end();
    if (wait != null) {
      boolean _ = wait.giveUp();
    } else if (upstream != null) {
      upstream.abandon();
    }
    if (begun != null && !begun.switches()) {
      front.farewell();
    } else {
      front.reply(status, text);
    }
  }

  private void end() {
    over = true;
    for (HttpContent each = kept.poll(); each != null; each = kept.poll()) {
      each.release();
    }
  }
}
