package dev.orchestrator.proxy.config;

import java.util.regex.Pattern;

/**
 * The address that a route listens on, with one port or a range of ports.
 *
 * @param host the local address; empty, {@code 0.0.0.0} or {@code ::} for all addresses, of IPv4
 *     and IPv6
 * @param first 1 to 65535, or 0 for a free port that the system picks
 * @param last the same as {@code first} for one port
 */
public record ListenAddress(String host, int first, int last) {
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  public ListenAddress {
    if (first < 0 || last > 65_535 || first > last || (first == 0 && last != 0)) {
      throw new IllegalArgumentException(
          "no such port: " + (first == last ? "" : first + "-") + last);
    }
  }

  public ListenAddress(String host, int port) {
    this(host, port, port);
  }

  /** The number of ports. */
  public int ports() {
    return last - first + 1;
  }

  /** True when it is all addresses of the machine. */
  public boolean everyAddress() {
    return host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
  }

  /** True when both can't be listened on at the same time. */
  public boolean overlaps(ListenAddress other) {
    return first != 0
        && other.first != 0
        && first <= other.last
        && other.first <= last
        && (everyAddress() || other.everyAddress() || host.equals(other.host));
  }

  private String hostText() {
    if (everyAddress()) {
      return "*";
    }
    return host.contains(":") ? "[" + host + "]" : host;
  }

  /** The address with one of its ports, counted from 0, as text. */
  public String address(int port) {
    return hostText() + ":" + (first + port);
  }

  @Override
  public String toString() {
    return hostText() + ":" + first + (first == last ? "" : "-" + last);
  }

  /** Whether it is an address of IPv4; a name is none. */
  public boolean isIpv4() {
    return IPV4.matcher(host).matches();
  }

  /** Whether only programs of the same host reach it. */
  public boolean isLoopback() {
    return host.startsWith("127.") || host.equals("::1") || host.equals("localhost");
  }
}
