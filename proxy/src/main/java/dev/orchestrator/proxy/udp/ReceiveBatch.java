package dev.orchestrator.proxy.udp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Buffers for the datagrams of one recvmmsg(2), or of several that follow each other. A slot has
 * one datagram, or several of one size from one sender that the kernel has put together (UDP_GRO).
 * Used on one event loop.
 */
final class ReceiveBatch {
  static final int SLOTS = 64;

  /** Length of a sockaddr_in6, rounded up. */
  static final int NAME_BYTES = 32;

  // Offsets in struct mmsghdr.
  static final int MESSAGE_BYTES = 64;
  static final int NAME = 0;
  static final int NAME_LENGTH = 8;
  static final int IOVECS = 16;
  static final int IOVEC_COUNT = 24;
  static final int CONTROL = 32;
  static final int CONTROL_LENGTH = 40;
  private static final int LENGTH = 56;
  static final int IOVEC_BYTES = 16;

  // Control messages, see cmsg(3).
  static final int CMSG_HEADER = 16;
  static final int CMSG_LEVEL = 8;
  static final int CMSG_TYPE = 12;
  static final int SOL_IP = 0;
  static final int IP_PKTINFO = 8;
  static final int SOL_IPV6 = 41;
  static final int IPV6_PKTINFO = 50;
  static final int SOL_UDP = 17;
  private static final int UDP_GRO = 104;

  private static final int LARGEST = 65_536;

  /**
   * A slot is longer than the largest datagram by a few cache lines, as slots at multiples of a
   * large power of two would all compete for the same lines.
   */
  private static final int SLOT_BYTES = LARGEST + 5 * 64;

  /** For both kinds of local addresses, the length of a segment, and some to spare. */
  private static final int CONTROL_BYTES = 160;

  private final DatagramCalls calls;
  private final int nameLength;
  private final ByteBuf data;
  private final long dataAddress;
  private final ByteBuffer messages = memory(SLOTS * MESSAGE_BYTES);
  private final ByteBuffer iovecs = memory(SLOTS * IOVEC_BYTES);
  private final ByteBuffer names = memory(SLOTS * NAME_BYTES);
  private final ByteBuffer controls = memory(SLOTS * CONTROL_BYTES);
  private final long messagesAddress = Buffer.memoryAddress(messages);

  /** Slots from this one on are as the kernel wants to have them. */
  private int usedTo = SLOTS;

  /** For any socket. */
  ReceiveBatch(DatagramCalls calls) {
    this(calls, true);
  }

  /**
   * Buffers.
   *
   * @param named false for connected sockets: the kernel need not say who the sender is
   */
  ReceiveBatch(DatagramCalls calls, boolean named) {
    this.calls = calls;
    this.nameLength = named ? NAME_BYTES : 0;
    // Not filled with zeros: only pages that datagrams reach take memory.
    this.data = UnpooledByteBufAllocator.DEFAULT.directBuffer(SLOTS * SLOT_BYTES);
    this.dataAddress = data.memoryAddress();
    for (int slot = 0; slot < SLOTS; slot++) {
      int message = slot * MESSAGE_BYTES;
      messages.putLong(message + IOVECS, Buffer.memoryAddress(iovecs) + (long) slot * IOVEC_BYTES);
      messages.putLong(message + IOVEC_COUNT, 1);
      if (named) {
        messages.putLong(message + NAME, Buffer.memoryAddress(names) + (long) slot * NAME_BYTES);
      }
      messages.putLong(
          message + CONTROL, Buffer.memoryAddress(controls) + (long) slot * CONTROL_BYTES);
      iovecs.putLong(slot * IOVEC_BYTES, address(slot));
      iovecs.putLong(slot * IOVEC_BYTES + 8, LARGEST);
    }
  }

  /** Memory outside of the heap, in the machine's byte order. */
  static ByteBuffer memory(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /**
   * Receives into the slots from one on, to the last.
   *
   * @return the number of slots that were filled, or the error as a negative number
   */
  int receive(int socket, int from) {
    for (int slot = from; slot < usedTo; slot++) {
      int message = slot * MESSAGE_BYTES;
      messages.putInt(message + NAME_LENGTH, nameLength);
      messages.putLong(message + CONTROL_LENGTH, CONTROL_BYTES);
    }
    int received =
        calls.receive(socket, messagesAddress + (long) from * MESSAGE_BYTES, SLOTS - from);
    // After an error the kernel may have written to the first.
    usedTo = Math.min(SLOTS, from + Math.max(1, received));
    return received;
  }

  /** Address of the first byte of a slot. */
  long address(int slot) {
    return dataAddress + (long) slot * SLOT_BYTES;
  }

  /** The number of bytes in a slot. */
  int length(int slot) {
    return messages.getInt(slot * MESSAGE_BYTES + LENGTH);
  }

  /** A copy of a part of a slot. */
  byte[] copy(int slot, int from, int length) {
    byte[] bytes = new byte[length];
    data.getBytes(slot * SLOT_BYTES + from, bytes);
    return bytes;
  }

  /** Fills a slot with a datagram that was held, from where it is to be sent. */
  void put(int slot, byte[] bytes) {
    data.setBytes(slot * SLOT_BYTES, bytes);
  }

  /**
   * The length of each datagram in a slot; the last may be shorter. Zero for a single, empty
   * datagram.
   */
  int segment(int slot) {
    int control = control(slot, SOL_UDP, UDP_GRO);
    return control < 0 ? length(slot) : controls.getInt(control);
  }

  /** The number of datagrams in a slot. */
  int datagrams(int slot) {
    return datagrams(length(slot), segment(slot));
  }

  /** The number of datagrams in so many bytes of a slot whose datagrams have that length. */
  static int datagrams(int length, int segment) {
    return segment == 0 ? 1 : (length + segment - 1) / segment;
  }

  /** Reads the address of the sender, and the address that it has sent to where that is known. */
  void readAddresses(int slot, ClientAddress to) {
    to.read(names, slot * NAME_BYTES);
    int control = control(slot, SOL_IP, IP_PKTINFO);
    if (control >= 0) {
      // The second field is the address to answer from, also for a datagram to a broadcast address.
      // It is zero in a datagram that came before the option was set; the third is where it went.
      int from = controls.getInt(control + 4);
      to.setLocalIpv4(from == 0 ? controls.getInt(control + 8) : from);
      return;
    }
    control = control(slot, SOL_IPV6, IPV6_PKTINFO);
    if (control < 0) {
      to.setLocalIpv4(0);
    } else {
      to.setLocalIpv6(controls.getLong(control), controls.getLong(control + 8));
    }
  }

  /** The place of the data of a control message; negative where there is none of this type. */
  private int control(int slot, int level, int type) {
    long length = messages.getLong(slot * MESSAGE_BYTES + CONTROL_LENGTH);
    int at = slot * CONTROL_BYTES;
    long end = at + length;
    while (at + CMSG_HEADER <= end) {
      if (controls.getInt(at + CMSG_LEVEL) == level && controls.getInt(at + CMSG_TYPE) == type) {
        return at + CMSG_HEADER;
      }
      at += (int) (controls.getLong(at) + 7) & -8;
    }
    return -1;
  }

  void close() {
    data.release();
  }
}
