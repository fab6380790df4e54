package dev.orchestrator.api;

import io.netty.util.NetUtil;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.Set;

/**
 * Admits requests to the API. The check of the Host header keeps out pages in a browser whose own
 * name resolves to loopback (DNS rebinding); the token keeps out other users of this machine.
 * Event-loop code.
 */
final class AccessGuard {
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1");

  private final ApiToken token;
  private final String host;

  AccessGuard(ApiToken token, String host) {
    this.token = token;
    this.host = host.toLowerCase(Locale.ROOT);
  }

  void checkHost(RoutingContext context) {
    HostAndPort authority = context.request().authority();
    if (authority != null && isAllowed(authority.host().toLowerCase(Locale.ROOT))) {
      context.next();
    } else {
      JsonResponses.error(context, 403, "the Host header must name a loopback address");
    }
  }

  private boolean isAllowed(String name) {
    String address =
        name.startsWith("[") && name.endsWith("]") ? name.substring(1, name.length() - 1) : name;
    return LOOPBACK.contains(address)
        || address.equals(host)
        || (address.startsWith("127.") && NetUtil.isValidIpV4Address(address));
  }

  void checkToken(RoutingContext context) {
    if (token.accepts(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
      context.next();
    } else {
      JsonResponses.error(
          context, 401, "wrong or missing token: send the token of the service's home as a bearer");
    }
  }
}
