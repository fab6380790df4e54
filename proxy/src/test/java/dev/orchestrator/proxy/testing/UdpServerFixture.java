package dev.orchestrator.proxy.testing;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A target for datagrams, with a thread of its own. It answers each with its name and what it was
 * sent; datagrams that begin with {@link #SILENT} only when it is told to.
 */
public final class UdpServerFixture implements AutoCloseable {
  public static final byte SILENT = '-';
  public static final int LARGEST = 65_507;

  private final char name;
  private final DatagramSocket socket;
  private final Queue<DatagramPacket> unanswered = new ConcurrentLinkedQueue<>();
  public final Queue<byte[]> received = new ConcurrentLinkedQueue<>();
  public final Set<InetSocketAddress> senders = ConcurrentHashMap.newKeySet();

  public UdpServerFixture(char name, int port) throws IOException {
    this.name = name;
    this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setReceiveBufferSize(4 << 20);
    Thread.ofPlatform().daemon().start(this::serve);
  }

  public static UdpServerFixture named(char name) throws IOException {
    return new UdpServerFixture(name, 0);
  }

  public int port() {
    return socket.getLocalPort();
  }

  private void serve() {
    byte[] buffer = new byte[LARGEST];
    while (!socket.isClosed()) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      try {
        socket.receive(packet);
        byte[] bytes = Arrays.copyOf(buffer, packet.getLength());
        senders.add((InetSocketAddress) packet.getSocketAddress());
        received.add(bytes);
        byte[] answer = new byte[Math.min(LARGEST, bytes.length + 1)];
        answer[0] = (byte) name;
        System.arraycopy(bytes, 0, answer, 1, answer.length - 1);
        packet = new DatagramPacket(answer, answer.length, packet.getSocketAddress());
        if (bytes.length > 0 && bytes[0] == SILENT) {
          unanswered.add(packet);
        } else {
          socket.send(packet);
        }
      } catch (IOException e) {
        if (socket.isClosed()) {
          return;
        }
      }
    }
  }

  /** Answers what it was silent about. */
  public void answer() throws IOException {
    for (DatagramPacket packet = unanswered.poll(); packet != null; packet = unanswered.poll()) {
      socket.send(packet);
    }
  }

  public void untilReceived(int count) {
    Await.until(count + " datagrams at " + name, () -> received.size() >= count);
  }

  @Override
  public void close() {
    socket.close();
  }
}
