package dev.orchestrator.netfilter;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A connection that the kernel follows and leads to another address than its client's.
 *
 * @param udp of udp, else of tcp
 * @param state of tcp, such as {@code ESTABLISHED}; empty for udp
 * @param host that the client has connected to
 * @param port that the client has connected to
 * @param address that it was led to
 */
public record TrackedConnection(boolean udp, String state, String host, int port, String address) {
  /** In these a client may still get an answer. */
  private static final Set<String> OPEN =
      Set.of("SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT");

  private static final Pattern LINE =
      Pattern.compile("(?:ipv4\\s+\\d+\\s+)?(?<protocol>tcp|udp)\\s+\\d+\\s+\\d+\\s+(?<rest>.*)");
  private static final Pattern STATE = Pattern.compile("[A-Z_]+");
  private static final Pattern PAIR = Pattern.compile("(?<key>src|dst|dport)=(?<value>\\S+)");

  /** Whether a client may still get an answer on it. */
  public boolean isOpen() {
    return udp || OPEN.contains(state);
  }

  /**
   * Reads a line of {@code conntrack -L}; empty for other protocols, and for a connection that is
   * led nowhere else.
   */
  static Optional<TrackedConnection> parse(String line) {
    Matcher found = LINE.matcher(line);
    if (!found.matches()) {
      return Optional.empty();
    }
    String rest = found.group("rest");
    Map<String, String> original = new HashMap<>();
    Map<String, String> reply = new HashMap<>();
    Matcher pair = PAIR.matcher(rest);
    while (pair.find()) {
      String value = pair.group("value");
      if (original.putIfAbsent(pair.group("key"), value) != null) {
        reply.putIfAbsent(pair.group("key"), value);
      }
    }
    String host = original.get("dst");
    String port = original.get("dport");
    String address = reply.get("src");
    if (host == null || port == null || address == null || address.equals(host)) {
      return Optional.empty();
    }
    Matcher state = STATE.matcher(rest);
    return Optional.of(
        new TrackedConnection(
            found.group("protocol").equals("udp"),
            state.lookingAt() ? state.group() : "",
            host,
            Integer.parseInt(port),
            address));
  }
}
