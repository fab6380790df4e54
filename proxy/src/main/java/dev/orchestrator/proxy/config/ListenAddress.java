package dev.orchestrator.proxy.config;

/**
 * What a route listens on: one port, or a range of them.
 *
 * @param host the local address; empty, {@code 0.0.0.0} or {@code ::} for all of both families
 * @param first 1 to 65535, or 0 for a free one that the system picks
 * @param last the same as {@code first} for one port
 */
public record ListenAddress(String host, int first, int last) {
  public ListenAddress {
    if (first < 0 || last > 65_535 || first > last || (first == 0 && last != 0)) {
      throw new IllegalArgumentException(
          "no such port: " + (first == last ? "" : first + "-") + last);
    }
  }

  public ListenAddress(String host, int port) {
    this(host, port, port);
  }

  public int ports() {
    return last - first + 1;
  }

  public boolean everyAddress() {
    return host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
  }

  /** Whether both can't be listened on at once. */
  public boolean overlaps(ListenAddress other) {
    return first != 0
        && other.first != 0
        && first <= other.last
        && other.first <= last
        && (everyAddress() || other.everyAddress() || host.equals(other.host));
  }

  private String at() {
    if (everyAddress()) {
      return "*";
    }
    return host.contains(":") ? "[" + host + "]" : host;
  }

  /** One of its ports, counted from 0. */
  public String address(int port) {
    return at() + ":" + (first + port);
  }

  @Override
  public String toString() {
    return at() + ":" + first + (first == last ? "" : "-" + last);
  }
}
