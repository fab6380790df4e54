package dev.orchestrator.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The fields of a head that are meant for the next hop alone and are not passed on: those that RFC
 * 9110, 7.6.1 lists, and those that the field {@code Connection} names.
 */
final class HopByHopHeaders {
  private static final AsciiString KEEP_ALIVE = AsciiString.cached("keep-alive");
  private static final AsciiString PROXY_CONNECTION = AsciiString.cached("proxy-connection");

  /** Fields that are passed on even when named: without them the message means something else. */
  private static final Set<String> ALWAYS_PASSED =
      Set.of(
          "host",
          "content-length",
          "content-type",
          "cookie",
          "authorization",
          "cache-control",
          "expect");

  private static final HopByHopHeaders NONE_NAMED = new HopByHopHeaders(Set.of(), false, false);

  private final Set<String> named;
  private final boolean close;
  private final boolean keepAlive;

  private HopByHopHeaders(Set<String> named, boolean close, boolean keepAlive) {
    this.named = named;
    this.close = close;
    this.keepAlive = keepAlive;
  }

  static HopByHopHeaders of(HttpHeaders headers) {
    if (!headers.contains(HttpHeaderNames.CONNECTION)) {
      return NONE_NAMED;
    }
    Set<String> names = new HashSet<>();
    for (String value : headers.getAll(HttpHeaderNames.CONNECTION)) {
      for (String name : List.of(value.split(",", -1))) {
        names.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    boolean close = names.remove("close");
    boolean keepAlive = names.remove("keep-alive");
    names.removeAll(ALWAYS_PASSED);
    return new HopByHopHeaders(Set.copyOf(names), close, keepAlive);
  }

  boolean hasClose() {
    return close;
  }

  boolean hasKeepAlive() {
    return keepAlive;
  }

  boolean names(String name) {
    return named.contains(name);
  }

  boolean isDropped(CharSequence name) {
    boolean known =
        switch (name.length()) {
          case 2 -> is(name, HttpHeaderNames.TE);
          case 7 -> is(name, HttpHeaderNames.UPGRADE);
          case 10 -> is(name, HttpHeaderNames.CONNECTION) || is(name, KEEP_ALIVE);
          case 16 -> is(name, PROXY_CONNECTION);
          case 17 -> is(name, HttpHeaderNames.TRANSFER_ENCODING);
          default -> false;
        };
    return known || (!named.isEmpty() && named.contains(lower(name)));
  }

  static boolean is(CharSequence name, AsciiString other) {
    return other.contentEqualsIgnoreCase(name);
  }

  private static String lower(CharSequence name) {
    return name.toString().toLowerCase(Locale.ROOT);
  }
}
