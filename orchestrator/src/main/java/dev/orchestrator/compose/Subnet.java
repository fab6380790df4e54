package dev.orchestrator.compose;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address range in CIDR notation, of IPv4 or IPv6.
 *
 * @param first its first address, as an unsigned number
 * @param length of an address: 32 or 128 bits
 */
record Subnet(BigInteger first, int bits, int length, String text) {
  private static final Pattern FORM = Pattern.compile("(?<address>[0-9a-fA-F.:]+)/(?<bits>\\d+)");

  /** Empty for a text that is none; Compose or the engine tells what is wrong with it. */
  static Optional<Subnet> parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    try {
      byte[] address = InetAddress.ofLiteral(form.group("address")).getAddress();
      int length = address.length * 8;
      int bits = Integer.parseInt(form.group("bits"));
      if (bits > length) {
        return Optional.empty();
      }
      BigInteger first =
          new BigInteger(1, address).shiftRight(length - bits).shiftLeft(length - bits);
      return Optional.of(new Subnet(first, bits, length, text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  boolean overlaps(Subnet other) {
    int shift = length - Math.min(bits, other.bits);
    return length == other.length && first.shiftRight(shift).equals(other.first.shiftRight(shift));
  }

  @Override
  public String toString() {
    return text;
  }
}
