package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.tcp.ProxyProtocolHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of a client's request: checks it, and writes it for the target. RFC 9110 and 9112;
 * {@code Forwarded} is RFC 7239.
 *
 * <p>No {@code Via} is added, although a gateway should: nginx stops compressing its answers to
 * requests that have one.
 */
final class RequestHead {
  private static final AsciiString X_FOR = AsciiString.cached("x-forwarded-for");
  private static final AsciiString X_PROTO = AsciiString.cached("x-forwarded-proto");
  private static final AsciiString X_HOST = AsciiString.cached("x-forwarded-host");
  private static final AsciiString FORWARDED = AsciiString.cached("forwarded");
  private static final Set<HttpMethod> SAFE_TO_REPEAT =
      Set.of(
          HttpMethod.GET,
          HttpMethod.HEAD,
          HttpMethod.OPTIONS,
          HttpMethod.TRACE,
          HttpMethod.PUT,
          HttpMethod.DELETE);

  private static final Pattern ABSOLUTE =
      Pattern.compile("(?i:http)://(?<host>[^/?#]+)(?<path>.*)");

  final HttpRequest request;
  final HopByHopHeaders hopByHop;
  private final String target;
  private final @Nullable String host;
  private final boolean chunked;
  private final boolean bodyless;
  private final @Nullable String upgrade;

  private RequestHead(HttpRequest request, String target, @Nullable String host) {
    HttpHeaders headers = request.headers();
    this.request = request;
    this.hopByHop = HopByHopHeaders.of(headers);
    this.target = target;
    this.host = host;
    this.chunked = HttpUtil.isTransferEncodingChunked(request);
    this.bodyless = !chunked && HttpUtil.getContentLength(request, 0L) == 0;
    this.upgrade = hopByHop.names("upgrade") && bodyless ? upgrade(headers) : null;
  }

  /**
   * Checks a request that was decoded without a fault.
   *
   * @throws MalformedRequestException when it is not to be passed on
   */
  static RequestHead of(HttpRequest request) throws MalformedRequestException {
    HttpVersion version = request.protocolVersion();
    if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
      throw new MalformedRequestException(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    if (request.method().equals(HttpMethod.CONNECT)) {
      throw new MalformedRequestException(405, "CONNECT is refused: this is not a forward proxy");
    }
    HttpHeaders headers = request.headers();
    if (headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
        && !headers
            .getAll(HttpHeaderNames.TRANSFER_ENCODING)
            .toString()
            .equalsIgnoreCase("[chunked]")) {
      throw new MalformedRequestException(
          501, "chunked is the only transfer coding that is supported");
    }
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (hosts.size() > 1 || (hosts.isEmpty() && version.equals(HttpVersion.HTTP_1_1))) {
      throw new MalformedRequestException(400, "the request must have exactly one Host field");
    }
    String host = hosts.isEmpty() ? null : hosts.getFirst();
    checkHost(host);
    String uri = request.uri();
    if (uri.startsWith("/") || (uri.equals("*") && request.method().equals(HttpMethod.OPTIONS))) {
      return new RequestHead(request, uri, host);
    }
    Matcher absolute = ABSOLUTE.matcher(uri);
    if (!absolute.matches()) {
      throw new MalformedRequestException(400, "the request target is not valid");
    }
    // The authority of an absolute form goes before the field Host: RFC 9112, 3.2.2.
    checkHost(absolute.group("host"));
    String path = absolute.group("path");
    return new RequestHead(
        request, path.startsWith("/") ? path : "/" + path, absolute.group("host"));
  }

  private static void checkHost(@Nullable String host) throws MalformedRequestException {
    if (host != null
        && host.chars().anyMatch(c -> c <= ' ' || c == 0x7f || ",/\"@\\".indexOf(c) >= 0)) {
      throw new MalformedRequestException(400, "the host is not valid");
    }
  }

  /** HTTP/2 without TLS is not tunnelled: the proxy would not see the requests in it. */
  private static @Nullable String upgrade(HttpHeaders headers) {
    String wanted = headers.get(HttpHeaderNames.UPGRADE);
    return wanted == null || wanted.toLowerCase(Locale.ROOT).contains("h2c") ? null : wanted;
  }

  /** True when the request may be sent twice: its method is idempotent, and it has no body. */
  boolean isSafeToRepeat() {
    return bodyless && upgrade == null && SAFE_TO_REPEAT.contains(request.method());
  }

  boolean wantsUpgrade() {
    return upgrade != null;
  }

  boolean isChunked() {
    return chunked;
  }

  boolean isHttp10() {
    return request.protocolVersion().equals(HttpVersion.HTTP_1_0);
  }

  /** True when the client may send another request on its connection. */
  boolean keepsAlive() {
    return isHttp10() ? hopByHop.hasKeepAlive() : !hopByHop.hasClose();
  }

  /** Writes the head as the target gets it. */
  void write(ByteBuf out, ClientInfo client) {
    ByteBufUtil.writeAscii(out, request.method().asciiName());
    out.writeByte(' ');
    ByteBufUtil.writeAscii(out, target);
    ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
    writeField(out, HttpHeaderNames.HOST, host == null ? client.localText() : host);
    Iterator<Map.Entry<CharSequence, CharSequence>> fields =
        request.headers().iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      CharSequence name = field.getKey();
      if (!hopByHop.isDropped(name) && !isReplaced(name)) {
        writeField(out, name, field.getValue());
      }
    }
    writeForwarded(out, client);
    if (chunked) {
      ByteBufUtil.writeAscii(out, "transfer-encoding: chunked\r\n");
    }
    if (upgrade != null) {
      ByteBufUtil.writeAscii(out, "connection: upgrade\r\n");
      writeField(out, HttpHeaderNames.UPGRADE, upgrade);
    } else if (hopByHop.names("te")
        && request.headers().contains(HttpHeaderNames.TE, "trailers", true)) {
      ByteBufUtil.writeAscii(out, "connection: te\r\nte: trailers\r\n");
    }
    ByteBufUtil.writeAscii(out, "\r\n");
  }

  private static boolean isReplaced(CharSequence name) {
    return switch (name.length()) {
      case 4 -> HopByHopHeaders.is(name, HttpHeaderNames.HOST);
      case 9 -> HopByHopHeaders.is(name, FORWARDED);
      case 15 -> HopByHopHeaders.is(name, X_FOR);
      case 16 -> HopByHopHeaders.is(name, X_HOST);
      case 17 -> HopByHopHeaders.is(name, X_PROTO);
      default -> false;
    };
  }

  private void writeForwarded(ByteBuf out, ClientInfo client) {
    HttpHeaders given = request.headers();
    boolean trusted = client.trusted();
    String before = trusted ? String.join(", ", given.getAll(X_FOR)) : "";
    writeField(
        out, X_FOR, before.isEmpty() ? client.addressText() : before + ", " + client.addressText());
    String scheme = trusted ? given.get(X_PROTO) : null;
    writeField(out, X_PROTO, scheme == null ? "http" : scheme);
    String name = trusted ? given.get(X_HOST) : null;
    String shown = name == null ? (host == null ? client.localText() : host) : name;
    writeField(out, X_HOST, shown);
    String elements = trusted ? String.join(", ", given.getAll(FORWARDED)) : "";
    writeField(
        out,
        FORWARDED,
        (elements.isEmpty() ? "" : elements + ", ")
            + client.forwardedFor()
            + ";host=\""
            + (host == null ? client.localText() : host)
            + "\";proto=http");
  }

  private static void writeField(ByteBuf out, CharSequence name, CharSequence value) {
    ByteBufUtil.writeAscii(out, name);
    out.writeShort(':' << 8 | ' ');
    ByteBufUtil.writeAscii(out, value);
    out.writeShort('\r' << 8 | '\n');
  }

  /**
   * The client in the form that the fields of a head need; made once for each connection.
   *
   * @param forwardedFor for the field {@code Forwarded}
   * @param localText the address and port that the client has connected to
   * @param trusted the client is a proxy whose forwarding fields are kept
   */
  record ClientInfo(String addressText, String forwardedFor, String localText, boolean trusted) {
    static ClientInfo of(ProxyProtocolHeader.Peers peers, boolean trusted) {
      InetAddress address = peers.client().getAddress();
      String text = address.getHostAddress().replaceFirst("%.*", "");
      InetAddress local = peers.local().getAddress();
      String at = local.getHostAddress().replaceFirst("%.*", "");
      return new ClientInfo(
          text,
          address instanceof Inet6Address ? "for=\"[" + text + "]\"" : "for=" + text,
          (local instanceof Inet6Address ? "[" + at + "]" : at) + ":" + peers.local().getPort(),
          trusted);
    }
  }
}
