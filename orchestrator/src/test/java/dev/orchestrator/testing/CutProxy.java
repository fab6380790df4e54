package dev.orchestrator.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A network between a client and a server of this host, which can be cut after so many bytes: open
 * connections are reset, new ones too, until it is mended. Counts the bytes to the server.
 */
public final class CutProxy implements Closeable {
  private final ServerSocket listener;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong sent = new AtomicLong();
  private final CountDownLatch wasCut = new CountDownLatch(1);
  private volatile long cutAt = Long.MAX_VALUE;
  private volatile boolean cut;

  /** Leads to a port of this host. */
  public CutProxy(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(FreePorts.next(), 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Bytes that went to the server so far. */
  public long sent() {
    return sent.get();
  }

  /** Cuts the network when so many more bytes have gone to the server. */
  public void cutAfter(long bytes) {
    cutAt = sent.get() + bytes;
  }

  /** Waits until it was cut. */
  public void awaitCut() throws InterruptedException {
    wasCut.await();
  }

  public void mend() {
    cutAt = Long.MAX_VALUE;
    cut = false;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (cut) {
          reset(client);
          continue;
        }
        Socket server = new Socket();
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
        open.add(client);
        open.add(server);
        Thread.ofVirtual().start(() -> relay(client, server, true));
        Thread.ofVirtual().start(() -> relay(server, client, false));
      } catch (IOException e) {
        // The listener was closed, or the server is away: the client sees the same.
      }
    }
  }

  private void relay(Socket from, Socket to, boolean up) {
    byte[] buffer = new byte[16 << 10];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (up && sent.addAndGet(count) >= cutAt) {
          cutNow();
          return;
        }
        out.write(buffer, 0, count);
      }
    } catch (IOException e) {
      // One end has gone; so does the other.
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  private void cutNow() throws IOException {
    cut = true;
    for (Socket socket : open) {
      reset(socket);
    }
    wasCut.countDown();
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
