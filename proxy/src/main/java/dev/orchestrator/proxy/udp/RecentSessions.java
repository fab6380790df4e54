package dev.orchestrator.proxy.udp;

import org.jspecify.annotations.Nullable;

/** Sessions in the order of their last activity. Used on one event loop. */
final class RecentSessions {
  private @Nullable UdpSession least;
  private @Nullable UdpSession most;

  /** The session that has been idle for longest; null when there are none. */
  @Nullable UdpSession leastRecent() {
    return least;
  }

  /** Makes a session the most recent one, also a new one. */
  void touch(UdpSession session, long nanos) {
    session.lastActiveNanos = nanos;
    if (session == most) {
      return;
    }
    if (session == least || session.lessRecent != null) {
      remove(session);
    }
    session.lessRecent = most;
    if (most == null) {
      least = session;
    } else {
      most.moreRecent = session;
    }
    most = session;
  }

  void remove(UdpSession session) {
    UdpSession before = session.lessRecent;
    UdpSession after = session.moreRecent;
    if (before == null) {
      least = after;
    } else {
      before.moreRecent = after;
    }
    if (after == null) {
      most = before;
    } else {
      after.lessRecent = before;
    }
    session.lessRecent = null;
    session.moreRecent = null;
  }
}
