package dev.orchestrator.proxy.testing;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A client with a socket of its own, which wants answers from the address that it sends to. */
public final class UdpClient implements AutoCloseable {
  // Not connected: a connected one does not send empty datagrams.
  private final DatagramSocket socket = new DatagramSocket();
  private final InetSocketAddress server;

  public UdpClient(int port) throws IOException {
    this(InetAddress.getLoopbackAddress(), port);
  }

  public UdpClient(InetAddress host, int port) throws IOException {
    socket.setReceiveBufferSize(4 << 20);
    socket.setSoTimeout((int) Await.LIMIT.toMillis());
    server = new InetSocketAddress(host, port);
  }

  public void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.UTF_8));
  }

  public void send(byte[] bytes) throws IOException {
    socket.send(new DatagramPacket(bytes, bytes.length, server));
  }

  public byte[] receive() throws IOException {
    byte[] buffer = new byte[UdpServerFixture.LARGEST];
    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
    socket.receive(packet);
    if (!packet.getSocketAddress().equals(server)) {
      throw new IOException("an answer of " + server + " comes from " + packet.getSocketAddress());
    }
    return Arrays.copyOf(buffer, packet.getLength());
  }

  public String read() throws IOException {
    return new String(receive(), StandardCharsets.UTF_8);
  }

  public String ask(String text) throws IOException {
    send(text);
    return read();
  }

  /** True when nothing has come by now. */
  public boolean hasNothing() throws IOException {
    socket.setSoTimeout(1);
    try {
      byte[] _ = receive();
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    } finally {
      socket.setSoTimeout((int) Await.LIMIT.toMillis());
    }
  }

  public int port() {
    return socket.getLocalPort();
  }

  @Override
  public void close() {
    socket.close();
  }
}
