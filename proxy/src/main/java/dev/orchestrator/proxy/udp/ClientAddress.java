package dev.orchestrator.proxy.udp;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Address and port of a client, and the address of this machine that it sends to (zero where the
 * socket is bound to one address, or the datagram is for many machines). Kept as the kernel writes
 * it on little-endian machines, see ip(7) and ipv6(7): there are no others that the proxy runs on.
 * Can be changed, to look clients up without an object for each datagram.
 */
final class ClientAddress {
  private static final int AF_INET = 2;
  private static final int IPV4_NAME_BYTES = 16;
  private static final int IPV6_NAME_BYTES = 28;

  /** The first byte of an IPv4 address for many machines: multicast, or the broadcast address. */
  private static final int FIRST_MULTICAST = 224;

  /** What stands before an IPv4 address in the form of IPv6, and after eight bytes of zero. */
  private static final long MAPPED = 0xFFFF_0000L;

  /** Makes it hard to choose addresses that meet in a hash table. */
  private static final long SEED = System.nanoTime() | 1;

  private final long[] name = new long[ReceiveBatch.NAME_BYTES / Long.BYTES];
  private long localHigh;
  private long localLow;

  ClientAddress() {}

  /** A copy that nobody changes. */
  ClientAddress(ClientAddress other) {
    System.arraycopy(other.name, 0, name, 0, name.length);
    localHigh = other.localHigh;
    localLow = other.localLow;
  }

  /** Reads a sockaddr_in or sockaddr_in6. */
  void read(ByteBuffer names, int at) {
    name[0] = names.getLong(at);
    boolean ipv4 = isIpv4();
    // Behind an IPv4 address there is padding; the fourth part has an IPv6 address's scope.
    name[1] = ipv4 ? 0 : names.getLong(at + 8);
    name[2] = ipv4 ? 0 : names.getLong(at + 16);
    name[3] = ipv4 ? 0 : names.getInt(at + 24);
    if (!ipv4) {
      name[0] = names.getInt(at) & 0xFFFF_FFFFL; // without the label of the flow
    }
  }

  /** Sets the IPv6 address that the client sends to. */
  void setLocalIpv6(long high, long low) {
    boolean multicast = (high & 0xFF) == 0xFF;
    localHigh = multicast ? 0 : high;
    localLow = multicast ? 0 : low;
  }

  /**
   * Sets the IPv4 address that the client sends to; to be called after {@link #read}, as it is kept
   * in the form of the client's own address.
   */
  void setLocalIpv4(int address) {
    localHigh = 0;
    if (address == 0 || (address & 0xFF) >= FIRST_MULTICAST) {
      localLow = 0;
    } else {
      localLow = isIpv4() ? address & 0xFFFF_FFFFL : (long) address << 32 | MAPPED;
    }
  }

  /** Writes the sockaddr, and gives its length. */
  int write(ByteBuffer names, int at) {
    for (int i = 0; i < name.length; i++) {
      names.putLong(at + i * Long.BYTES, name[i]);
    }
    return isIpv4() ? IPV4_NAME_BYTES : IPV6_NAME_BYTES;
  }

  boolean isIpv4() {
    return (name[0] & 0xFFFF) == AF_INET;
  }

  boolean hasLocal() {
    return (localHigh | localLow) != 0;
  }

  long localHigh() {
    return localHigh;
  }

  long localLow() {
    return localLow;
  }

  /** The client's end, as Java has it. */
  InetSocketAddress toSocketAddress() {
    ByteBuffer bytes = ByteBuffer.allocate(ReceiveBatch.NAME_BYTES).order(ByteOrder.nativeOrder());
    int length = write(bytes, 0);
    byte[] address = new byte[length == IPV4_NAME_BYTES ? 4 : 16];
    bytes.get(length == IPV4_NAME_BYTES ? 4 : 8, address);
    int port = bytes.order(ByteOrder.BIG_ENDIAN).getShort(2) & 0xFFFF;
    return new InetSocketAddress(inetAddress(address), port);
  }

  /** The address that the client sends to. To be called where it is known. */
  InetAddress localAddress() {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
    if (isIpv4()) {
      byte[] address = new byte[4];
      bytes.putInt(0, (int) localLow).get(0, address);
      return inetAddress(address);
    }
    return inetAddress(bytes.putLong(0, localHigh).putLong(8, localLow).array());
  }

  private static InetAddress inetAddress(byte[] address) {
    try {
      return InetAddress.getByAddress(address); // makes IPv4 of an IPv4 address in IPv6 form
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // the length is right
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClientAddress that
        && name[0] == that.name[0]
        && name[1] == that.name[1]
        && name[2] == that.name[2]
        && name[3] == that.name[3]
        && localLow == that.localLow
        && localHigh == that.localHigh;
  }

  @Override
  public int hashCode() {
    long hash = SEED;
    hash = (hash ^ name[0]) * 0x9E37_79B9_7F4A_7C15L;
    hash = (hash ^ (hash >>> 32) ^ name[1] ^ Long.rotateLeft(name[3], 32)) * 0xC2B2_AE3D_27D4_EB4FL;
    hash = (hash ^ (hash >>> 29) ^ name[2]) * 0x9E37_79B9_7F4A_7C15L;
    hash =
        (hash ^ (hash >>> 32) ^ localLow ^ Long.rotateLeft(localHigh, 17)) * 0xC2B2_AE3D_27D4_EB4FL;
    return (int) (hash ^ (hash >>> 32));
  }

  @Override
  public String toString() {
    InetSocketAddress address = toSocketAddress();
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }
}
