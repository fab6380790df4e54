package dev.orchestrator.settings;

import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An address to listen on: {@code 8080}, {@code 127.0.0.1:8080}, {@code [::1]:8080}. */
record HostPort(String host, int port) {

  private static final Pattern FORM =
      Pattern.compile("(?:(?<host>[^:\\[\\]]+|\\[[^\\]]+\\]):)?(?<port>[0-9]{1,5})");
  private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

  /** All interfaces. */
  static final String ALL = "0.0.0.0";

  /**
   * Parses an address without looking up a name.
   *
   * @throws IllegalArgumentException with a message for a person
   */
  static HostPort parse(String text, int leastPort) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" is not an address; write \"127.0.0.1:8080\", or 8080 for all interfaces");
    }
    int port = Integer.parseInt(form.group("port"));
    if (port < leastPort || port > 65_535) {
      throw new IllegalArgumentException(
          port + " is not a port; write a number from " + leastPort + " to 65535");
    }
    String host = form.group("host");
    return new HostPort(host == null ? ALL : host(host), port);
  }

  private static String host(String text) {
    if (text.equals("localhost")) {
      return "127.0.0.1";
    }
    boolean ipv6 = text.startsWith("[");
    try {
      if (ipv6 || IPV4.matcher(text).matches()) {
        String plain = ipv6 ? text.substring(1, text.length() - 1) : text;
        return InetAddress.ofLiteral(plain).getHostAddress();
      }
    } catch (IllegalArgumentException e) {
      // The message below explains it.
    }
    throw new IllegalArgumentException(
        "\""
            + text
            + "\" is not an address of this machine; write an IP address such as 127.0.0.1, 0.0.0.0"
            + " (all interfaces) or [::1]");
  }

  boolean loopback() {
    return InetAddress.ofLiteral(host).isLoopbackAddress();
  }

  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
