package dev.orchestrator.proxy.udp;

import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Datagrams to be sent through one socket by one sendmmsg(2). Datagrams of one length that follow
 * each other to one receiver become one message, which the kernel cuts up again as late as it can
 * (UDP_SEGMENT). The bytes are not copied: they must stay where they are until {@link #send}. Used
 * on one event loop.
 */
final class SendBatch {
  private static final int MESSAGES = 64;

  /**
   * The kernel takes at most so many datagrams in one message; newer kernels take more, and may
   * give more in a slot.
   */
  private static final int MOST_SEGMENTS = 64;

  /** Bytes of one message, so that it fits an IPv6 packet, and an IPv4 one with its headers. */
  private static final int MOST_BYTES = 65_000;

  /** Two for each datagram. */
  private static final int IOVECS = 16 * 2 * MOST_SEGMENTS;

  private static final int CONTROL_BYTES = 64;
  private static final int UDP_SEGMENT = 103;
  private static final int CMSG_OF_SEGMENT = ReceiveBatch.CMSG_HEADER + Short.BYTES;
  private static final int SPACE_OF_SEGMENT = 24;
  private static final int MOST_SEND_ERRORS = 2;

  /** The socket's side of a batch: what to do about errors. */
  interface Sender {
    /** The longest datagram of which several may be sent as one message. */
    int longestSegment();

    /** Is told that the kernel has not taken datagrams of that length as one message. */
    void segmentRefused(int length);

    /** Is told that datagrams were not sent, with the number of the error. */
    void notSent(int datagrams, int error);
  }

  private final DatagramCalls calls;
  private final ByteBuffer messages = ReceiveBatch.memory(MESSAGES * ReceiveBatch.MESSAGE_BYTES);
  private final ByteBuffer iovecs = ReceiveBatch.memory(IOVECS * ReceiveBatch.IOVEC_BYTES);
  private final ByteBuffer names = ReceiveBatch.memory(MESSAGES * ReceiveBatch.NAME_BYTES);
  private final ByteBuffer controls = ReceiveBatch.memory(MESSAGES * CONTROL_BYTES);
  private final long messagesAddress = Buffer.memoryAddress(messages);
  private final long iovecsAddress = Buffer.memoryAddress(iovecs);
  private final long namesAddress = Buffer.memoryAddress(names);
  private final long controlsAddress = Buffer.memoryAddress(controls);

  // Of each message:
  private final int[] firstIovec = new int[MESSAGES + 1];
  private final int[] segment = new int[MESSAGES];
  private final int[] datagrams = new int[MESSAGES];
  private final boolean[] hasHeaders = new boolean[MESSAGES];
  private final boolean[] localRefused = new boolean[MESSAGES];
  private final @Nullable ClientAddress[] receivers = new @Nullable ClientAddress[MESSAGES];

  // Of the message that is being put together:
  private int bytes;
  private boolean complete = true;

  private int messageCount;
  private int iovecCount;

  SendBatch(DatagramCalls calls) {
    this.calls = calls;
  }

  /**
   * The number of bytes of a slot that may be added together: each datagram may need a message of
   * its own.
   */
  static int mostBytes(int each) {
    return Math.max(1, each) * MOST_SEGMENTS;
  }

  /** True when so many datagrams may not fit any more; never of an empty batch. */
  boolean isFull(int count) {
    return messageCount + count > MESSAGES || iovecCount + 2 * count > IOVECS;
  }

  boolean isEmpty() {
    return messageCount == 0;
  }

  /**
   * Adds datagrams of a slot. There must be room: see {@link #mostBytes} and {@link #isFull}.
   *
   * @param to the receiver; null for a connected socket
   * @param length of the datagrams together
   * @param each the length of each; the last may be shorter
   * @param header address of bytes to send before each datagram; with a length of zero for none
   * @param longestSegment see {@link Sender#longestSegment}
   */
  void add(
      @Nullable ClientAddress to,
      long address,
      int length,
      int each,
      long header,
      int headerLength,
      int longestSegment) {
    if (headerLength == 0 && each <= longestSegment) {
      addPart(to, address, length, each, 0, 0, longestSegment);
      return;
    }
    int from = 0;
    do {
      int part = Math.min(each, length - from);
      addPart(to, address + from, part, part, header, headerLength, longestSegment);
      from += part;
    } while (from < length);
  }

  private void addPart(
      @Nullable ClientAddress to,
      long address,
      int length,
      int each,
      long header,
      int headerLength,
      int longestSegment) {
    int whole = headerLength + length;
    int size = headerLength + each;
    int count = length == 0 ? 1 : (length + each - 1) / each;
    int last = messageCount - 1;
    boolean joins =
        !complete
            && Objects.equals(to, receivers[last])
            && size <= segment[last]
            && (size == segment[last] || count == 1)
            && segment[last] <= longestSegment
            && length > 0
            && bytes + whole <= MOST_BYTES
            && datagrams[last] + count <= MOST_SEGMENTS;
    if (!joins) {
      begin(to, size, headerLength > 0);
      last++;
    }
    datagrams[last] += count;
    bytes += whole;
    // Behind a shorter datagram the kernel would cut at the wrong place.
    complete = size < segment[last] || length % Math.max(1, each) != 0 || length == 0;
    if (headerLength > 0) {
      addIovec(header, headerLength);
    }
    addIovec(address, length);
    firstIovec[messageCount] = iovecCount;
  }

  private void begin(@Nullable ClientAddress to, int each, boolean headers) {
    int message = messageCount;
    firstIovec[message] = iovecCount;
    segment[message] = each;
    datagrams[message] = 0;
    hasHeaders[message] = headers;
    localRefused[message] = false;
    receivers[message] = to;
    bytes = 0;
    messageCount++;
  }

  private void addIovec(long address, int length) {
    iovecs.putLong(iovecCount * ReceiveBatch.IOVEC_BYTES, address);
    iovecs.putLong(iovecCount * ReceiveBatch.IOVEC_BYTES + 8, length);
    iovecCount++;
  }

  /** Sends everything that was added, and begins anew. */
  void send(int socket, Sender sender) {
    for (int message = 0; message < messageCount; message++) {
      prepareWhole(message);
    }
    int sent = 0;
    int errors = 0;
    while (sent < messageCount) {
      int result =
          calls.send(
              socket,
              messagesAddress + (long) sent * ReceiveBatch.MESSAGE_BYTES,
              messageCount - sent);
      if (result > 0) {
        sent += result;
        errors = 0;
      } else if (isSegmentError(-result) && datagrams[sent] > 1) {
        // Not of this length, if they can be sent one by one; else the length is not the reason.
        if (sendEach(socket, sent, sender) && !localRefused[sent]) {
          sender.segmentRefused(segment[sent]);
        }
        sent++;
      } else if (refusesLocal(sent, -result)) {
        prepareWhole(sent);
      } else if (isOfAnEarlierDatagram(-result) && ++errors < MOST_SEND_ERRORS) {
        sender.notSent(0, -result);
      } else {
        sender.notSent(datagrams[sent], -result);
        sent++;
        errors = 0;
      }
    }
    clear();
  }

  void clear() {
    Arrays.fill(receivers, 0, messageCount, null);
    messageCount = 0;
    iovecCount = 0;
    complete = true;
  }

  /** The network takes no message of several datagrams, or none of this length. */
  private static boolean isSegmentError(int error) {
    return error == DatagramCalls.EINVAL
        || error == DatagramCalls.EMSGSIZE
        || error == DatagramCalls.EIO;
  }

  /** An answer of the network to an earlier datagram: this message can be sent all the same. */
  private static boolean isOfAnEarlierDatagram(int error) {
    return error == DatagramCalls.ECONNREFUSED || error == DatagramCalls.EINTR;
  }

  /**
   * True when the address to send from may be the reason of an error, as it is not, or no more, an
   * address of this machine: the message is to be sent again without it.
   */
  private boolean refusesLocal(int message, int error) {
    ClientAddress to = receivers[message];
    // Which error it is differs between kernels.
    boolean mayBe =
        error == DatagramCalls.EINVAL
            || error == DatagramCalls.EADDRNOTAVAIL
            || error == DatagramCalls.ENETUNREACH;
    if (!mayBe || to == null || !to.hasLocal() || localRefused[message]) {
      return false;
    }
    localRefused[message] = true;
    return true;
  }

  private void prepareWhole(int message) {
    int first = firstIovec[message];
    prepare(message, first, firstIovec[message + 1] - first, datagrams[message] > 1);
  }

  private void prepare(int message, int iovec, int iovecs, boolean segmented) {
    int at = message * ReceiveBatch.MESSAGE_BYTES;
    ClientAddress to = receivers[message];
    int nameLength = to == null ? 0 : to.write(names, message * ReceiveBatch.NAME_BYTES);
    messages.putLong(
        at + ReceiveBatch.NAME,
        to == null ? 0 : namesAddress + (long) message * ReceiveBatch.NAME_BYTES);
    messages.putInt(at + ReceiveBatch.NAME_LENGTH, nameLength);
    messages.putLong(
        at + ReceiveBatch.IOVECS, iovecsAddress + (long) iovec * ReceiveBatch.IOVEC_BYTES);
    messages.putLong(at + ReceiveBatch.IOVEC_COUNT, iovecs);
    int control = message * CONTROL_BYTES;
    int end = control;
    if (segmented) {
      controls.putLong(end, CMSG_OF_SEGMENT);
      controls.putInt(end + ReceiveBatch.CMSG_LEVEL, ReceiveBatch.SOL_UDP);
      controls.putInt(end + ReceiveBatch.CMSG_TYPE, UDP_SEGMENT);
      controls.putShort(end + ReceiveBatch.CMSG_HEADER, (short) segment[message]);
      end += SPACE_OF_SEGMENT;
    }
    if (to != null && to.hasLocal() && !localRefused[message]) {
      end += writeLocal(to, end);
    }
    messages.putLong(
        at + ReceiveBatch.CONTROL,
        end == control ? 0 : controlsAddress + (long) message * CONTROL_BYTES);
    messages.putLong(at + ReceiveBatch.CONTROL_LENGTH, end - control);
  }

  /** The address to send from; gives the length of the control message. */
  private int writeLocal(ClientAddress to, int at) {
    int data = at + ReceiveBatch.CMSG_HEADER;
    if (to.isIpv4()) {
      controls.putLong(at, ReceiveBatch.CMSG_HEADER + 12);
      controls.putInt(at + ReceiveBatch.CMSG_LEVEL, ReceiveBatch.SOL_IP);
      controls.putInt(at + ReceiveBatch.CMSG_TYPE, ReceiveBatch.IP_PKTINFO);
      controls.putInt(data, 0);
      controls.putInt(data + 4, (int) to.localLow());
      controls.putInt(data + 8, 0);
      return 32;
    }
    controls.putLong(at, ReceiveBatch.CMSG_HEADER + 20);
    controls.putInt(at + ReceiveBatch.CMSG_LEVEL, ReceiveBatch.SOL_IPV6);
    controls.putInt(at + ReceiveBatch.CMSG_TYPE, ReceiveBatch.IPV6_PKTINFO);
    controls.putLong(data, to.localHigh());
    controls.putLong(data + 8, to.localLow());
    controls.putInt(data + 16, 0);
    return 40;
  }

  /** Sends the datagrams of a message one by one; false when none could be sent. */
  private boolean sendEach(int socket, int message, Sender sender) {
    int end = firstIovec[message + 1];
    boolean any = false;
    if (hasHeaders[message]) {
      for (int pair = firstIovec[message]; pair < end; pair += 2) {
        any |= sendOne(socket, message, pair, 2, sender);
      }
      return any;
    }
    for (int iovec = firstIovec[message]; iovec < end; iovec++) {
      int at = iovec * ReceiveBatch.IOVEC_BYTES;
      long address = iovecs.getLong(at);
      long length = iovecs.getLong(at + 8);
      for (long from = 0; from < length; from += segment[message]) {
        iovecs.putLong(at, address + from);
        iovecs.putLong(at + 8, Math.min(segment[message], length - from));
        any |= sendOne(socket, message, iovec, 1, sender);
      }
    }
    return any;
  }

  private boolean sendOne(int socket, int message, int iovec, int count, Sender sender) {
    prepare(message, iovec, count, false);
    long address = messagesAddress + (long) message * ReceiveBatch.MESSAGE_BYTES;
    int result = calls.send(socket, address, 1);
    if (result < 0 && isOfAnEarlierDatagram(-result)) {
      sender.notSent(0, -result);
      result = calls.send(socket, address, 1);
    }
    if (result < 0 && refusesLocal(message, -result)) {
      prepare(message, iovec, count, false);
      result = calls.send(socket, address, 1);
    }
    if (result < 0) {
      sender.notSent(1, -result);
    }
    return result >= 0;
  }
}
