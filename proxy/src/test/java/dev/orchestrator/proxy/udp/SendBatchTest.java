package dev.orchestrator.proxy.udp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.proxy.testing.Await;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the kernel makes of a batch, and what a batch is received as. */
class SendBatchTest implements SendBatch.Sender {
  private final DatagramCalls calls = new DatagramCalls();
  private final SendBatch batch = new SendBatch(calls);
  private final ReceiveBatch data = new ReceiveBatch(calls);
  private final ReceiveBatch received = new ReceiveBatch(calls);
  private final List<Integer> refused = new ArrayList<>();
  private DatagramSocket plain;
  private Socket grouping;
  private Socket sender;
  private int notSent;
  private int limit = Integer.MAX_VALUE;
  private int used;

  @BeforeEach
  void open() throws IOException {
    io.netty.channel.epoll.Epoll.ensureAvailability();
    plain = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    plain.setSoTimeout((int) Await.LIMIT.toMillis());
    plain.setReceiveBufferSize(4 << 20);
    grouping = Socket.newSocketDgram();
    grouping.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    DatagramOptions.set(grouping);
    sender = Socket.newSocketDgram();
  }

  @AfterEach
  void close() throws IOException {
    plain.close();
    grouping.close();
    sender.close();
    data.close();
    received.close();
  }

  @Override
  public int longestSegment() {
    return limit;
  }

  @Override
  public void segmentRefused(int length) {
    refused.add(length);
    limit = Math.min(limit, length - 1);
  }

  @Override
  public void notSent(int datagrams, int error) {
    notSent += datagrams;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  /** Adds datagrams of one length that stand in one slot. */
  private void add(byte[] all, int each) {
    data.put(used, all);
    batch.add(null, data.address(used), all.length, each, 0, 0, limit);
    used++;
  }

  private void assertReceived(byte[] expected) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    plain.receive(packet);
    assertArrayEquals(expected, Arrays.copyOf(packet.getData(), packet.getLength()));
  }

  @Test
  void datagramsOfDifferentLengthsArriveAsTheyWereAdded() throws IOException {
    boolean _ = sender.connect(plain.getLocalSocketAddress());
    int[] lengths = {64, 64, 64, 10, 64, 0, 0, 1200, 1200, 64, 65_507, 1, 1};
    for (int length : lengths) {
      add(bytes(length), length);
    }
    batch.send(sender.intValue(), this);
    for (int length : lengths) {
      assertReceived(bytes(length));
    }
    assertEquals(0, notSent);
  }

  @Test
  void datagramsThatCameTogetherAreSentTogetherAndArriveApart() throws IOException {
    boolean _ = sender.connect(plain.getLocalSocketAddress());
    byte[] first = bytes(64 * 500);
    byte[] second = bytes(3 * 500 + 7); // the last is shorter
    add(first, 500);
    add(second, 500);
    add(bytes(100), 100);
    batch.send(sender.intValue(), this);
    for (int from = 0; from < first.length; from += 500) {
      assertReceived(Arrays.copyOfRange(first, from, from + 500));
    }
    for (int from = 0; from < second.length; from += 500) {
      assertReceived(Arrays.copyOfRange(second, from, Math.min(second.length, from + 500)));
    }
    assertReceived(bytes(100));
    assertEquals(0, notSent);
  }

  @Test
  void aSocketThatGroupsReceivesThemAsTheyWereSent() throws IOException {
    boolean _ = sender.connect(grouping.localAddress());
    byte[] all = bytes(40 * 300 + 11);
    add(all, 300);
    batch.send(sender.intValue(), this);
    int slots = received.receive(grouping.intValue(), 0);
    int datagrams = 0;
    int at = 0;
    for (int slot = 0; slot < slots; slot++) {
      int length = received.length(slot);
      assertArrayEquals(Arrays.copyOfRange(all, at, at + length), received.copy(slot, 0, length));
      datagrams += ReceiveBatch.datagrams(length, received.segment(slot));
      at += length;
    }
    assertEquals(all.length, at);
    assertEquals(41, datagrams);
  }

  @Test
  void datagramsThatMustBeFragmentedAreSentOneByOne() throws IOException {
    int large = 40_000; // two of them exceed a message, three of 30,000 a packet
    boolean _ = sender.connect(plain.getLocalSocketAddress());
    sender.setIntOpt(0, 10, 0); // IP_MTU_DISCOVER off: packets are fragmented
    for (int i = 0; i < 2; i++) {
      add(bytes(large), large);
      add(bytes(30_000), 30_000);
      add(bytes(30_000), 30_000);
    }
    batch.send(sender.intValue(), this);
    for (int i = 0; i < 2; i++) {
      assertReceived(bytes(large));
      assertReceived(bytes(30_000));
      assertReceived(bytes(30_000));
    }
    assertEquals(0, notSent);
  }

  @Test
  void headersAreSentBeforeEachDatagram() throws IOException {
    boolean _ = sender.connect(plain.getLocalSocketAddress());
    byte[] header = bytes(28);
    data.put(63, header);
    byte[] all = bytes(5 * 100);
    data.put(0, all);
    batch.add(null, data.address(0), all.length, 100, data.address(63), header.length, limit);
    batch.send(sender.intValue(), this);
    for (int from = 0; from < all.length; from += 100) {
      byte[] expected = Arrays.copyOf(header, header.length + 100);
      System.arraycopy(all, from, expected, header.length, 100);
      assertReceived(expected);
    }
  }

  @Test
  void aSlotOfMoreDatagramsThanABatchHasMessagesIsSentInParts() throws IOException {
    boolean _ = sender.connect(plain.getLocalSocketAddress());
    byte[] all = bytes(150 * 10 + 3);
    data.put(0, all);
    limit = 9; // each needs a message of its own
    int from = 0;
    while (from < all.length) {
      int part = Math.min(SendBatch.mostBytes(10), all.length - from);
      if (batch.isFull(ReceiveBatch.datagrams(part, 10))) {
        batch.send(sender.intValue(), this);
      }
      batch.add(null, data.address(0) + from, part, 10, 0, 0, limit);
      from += part;
    }
    batch.send(sender.intValue(), this);
    for (int at = 0; at < all.length; at += 10) {
      assertReceived(Arrays.copyOfRange(all, at, Math.min(all.length, at + 10)));
    }
    assertEquals(0, notSent);
  }

  /** The socket that receives, as a client that has sent to an address of this machine. */
  private ClientAddress client(int localIpv4) {
    ByteBuffer name = ReceiveBatch.memory(ReceiveBatch.NAME_BYTES);
    name.putShort(0, (short) 2).put(4, plain.getLocalAddress().getAddress());
    name.order(ByteOrder.BIG_ENDIAN).putShort(2, (short) plain.getLocalPort());
    ClientAddress client = new ClientAddress();
    client.read(name.order(ByteOrder.nativeOrder()), 0);
    client.setLocalIpv4(localIpv4);
    return client;
  }

  @Test
  void anAddressThatIsNotOfThisMachineIsNotSentFrom() throws IOException {
    ClientAddress client = client(0x01_02_00_C0); // 192.0.2.1
    byte[] all = bytes(5 * 100);
    data.put(0, all);
    batch.add(client, data.address(0), all.length, 100, 0, 0, limit);
    byte[] single = bytes(10);
    data.put(1, single);
    batch.add(client, data.address(1), single.length, 10, 0, 0, limit);
    data.put(2, bytes(7));
    batch.add(client(0), data.address(2), 7, 7, 0, 0, limit);
    batch.send(sender.intValue(), this);
    for (int from = 0; from < all.length; from += 100) {
      assertReceived(Arrays.copyOfRange(all, from, from + 100));
    }
    assertReceived(single);
    assertReceived(bytes(7));
    assertEquals(0, notSent);
    assertEquals(List.of(), refused);
  }

  @Test
  void datagramsThatCannotBeSentAtAllSayNothingOfTheirLength() {
    byte[] all = bytes(5 * 100);
    data.put(0, all);
    ByteBuffer name = ReceiveBatch.memory(ReceiveBatch.NAME_BYTES);
    name.putShort(0, (short) 2).put(4, new byte[] {127, 0, 0, 1}); // to port 0
    ClientAddress nobody = new ClientAddress();
    nobody.read(name, 0);
    batch.add(nobody, data.address(0), all.length, 100, 0, 0, limit);
    batch.send(sender.intValue(), this);
    assertEquals(5, notSent);
    assertEquals(List.of(), refused);
  }

  @Test
  void whatAnEarlierDatagramHasMetDoesNotStopTheNext() throws Exception {
    InetSocketAddress address = (InetSocketAddress) plain.getLocalSocketAddress();
    plain.close();
    boolean _ = sender.connect(address);
    add(bytes(1), 1);
    batch.send(sender.intValue(), this); // the kernel answers that nobody listens
    plain = new DatagramSocket(address);
    plain.setSoTimeout((int) Await.LIMIT.toMillis());
    add(bytes(2), 2);
    batch.send(sender.intValue(), this);
    assertReceived(bytes(2));
    assertEquals(0, notSent);
  }
}
