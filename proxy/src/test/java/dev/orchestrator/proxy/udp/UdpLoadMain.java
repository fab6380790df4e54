package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.Socket;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The main class of the bench's clients for datagrams: PORT CLIENTS LENGTH RATE WARM-UP-SECONDS
 * SECONDS LONGEST-SEGMENT. Datagrams up to the longest segment are sent as one message that the
 * kernel cuts up, as clients of QUIC do; 0: each by itself. With a rate, so many are sent a second
 * whatever comes back; with the rate {@code max} each client has up to {@value WINDOW} under way;
 * with {@code ask} one, the next a millisecond after the answer. Prints the answers a second, the
 * 99th percentile of their latency in ms, and how many datagrams were not answered.
 *
 * <p>What the clients take of the processors the proxy does not get, and the rate that is measured
 * would be theirs. So they spend as little as they can on a datagram: with the rate {@code max} a
 * client sends as many as fit under way by one system call, and only when half of them fit; all
 * that has arrived is read by one, and nothing is allocated.
 */
final class UdpLoadMain implements SendBatch.Sender {
  private static final int WINDOW = 64;

  /** Of one message in segments. */
  private static final int MOST_BYTES = 32_000;

  private static final int LONGEST_MICROS = 2_000_000;
  private static final long GRACE_MS = 500;
  private static final long ASK_LOST_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long STALLED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final IoEventLoop loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()).next();
  private final DatagramCalls calls = new DatagramCalls();
  private final ReceiveBatch in = new ReceiveBatch(calls);
  private final SendBatch out = new SendBatch(calls);
  private final int length;
  private final String rate;
  private final int longestSegment;
  private final ByteBuffer payload;
  private final long payloadAddress;
  private final int perMessage;
  private final Client[] clients;

  /** The number of answers by their latency in microseconds; the last has all longer ones. */
  private final int[] latencies = new int[LONGEST_MICROS + 1];

  private long answers;
  private long sent;
  private long countFromNanos = Long.MAX_VALUE;
  private long countToNanos = Long.MAX_VALUE;
  private long beganNanos;
  private long paced;
  private int nextClient;
  private boolean sending = true;

  private final class Client implements EpollSocket.Owner {
    final EpollSocket socket;
    int underWay;
    long lastNanos = System.nanoTime();

    Client(int port) throws IOException {
      Socket opened = Socket.newSocketDgram();
      boolean _ = opened.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      DatagramOptions.set(opened);
      socket = new EpollSocket(opened, this);
    }

    @Override
    public void ready(EpollSocket self) {
      int received = ReceiveBatch.SLOTS;
      while (received > 0) {
        received = in.receive(self.socket().intValue(), 0);
        long now = System.nanoTime();
        int datagrams = 0;
        for (int slot = 0; slot < received; slot++) {
          int each = in.segment(slot);
          for (int from = 0; from < in.length(slot); from += each) {
            datagrams++;
            count(PlatformDependent.getLong(in.address(slot) + from), now);
          }
        }
        lastNanos = now;
        underWay = Math.max(0, underWay - datagrams);
        if (rate.equals("max") && underWay <= WINDOW / 2) {
          send(WINDOW - underWay);
        }
        if (DatagramCalls.isEmptied(received, ReceiveBatch.SLOTS)) {
          return;
        }
      }
    }

    void send(int count) {
      if (!sending) {
        return;
      }
      long now = System.nanoTime();
      for (int i = 0; i < count; i++) {
        payload.putLong(i * length, now);
      }
      if (longestSegment == 0) {
        for (int i = 0; i < count; i++) {
          out.add(null, payloadAddress + (long) i * length, length, length, 0, 0, 0);
        }
      } else {
        for (int from = 0; from < count; from += perMessage) {
          int part = Math.min(perMessage, count - from);
          long address = payloadAddress + (long) from * length;
          out.add(null, address, part * length, length, 0, 0, longestSegment);
        }
      }
      underWay += count;
      if (now >= countFromNanos && now < countToNanos) {
        sent += count;
      }
      out.send(socket.socket().intValue(), UdpLoadMain.this);
    }
  }

  private UdpLoadMain(int port, int clients, int length, String rate, int longestSegment)
      throws IOException {
    this.length = length;
    this.rate = rate;
    this.longestSegment = longestSegment;
    this.payload = ReceiveBatch.memory(WINDOW * length);
    this.payloadAddress = Buffer.memoryAddress(payload);
    this.perMessage = Math.max(1, MOST_BYTES / length);
    this.clients = new Client[clients];
    for (int i = 0; i < clients; i++) {
      this.clients[i] = new Client(port);
    }
  }

  public static void main(String[] arguments) throws IOException {
    UdpLoadMain load =
        new UdpLoadMain(
            Integer.parseInt(arguments[0]),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]),
            arguments[3],
            Integer.parseInt(arguments[6]));
    load.run(Integer.parseInt(arguments[4]), Integer.parseInt(arguments[5]));
    System.exit(0);
  }

  /** Counts an answer to a datagram that was sent while it counts. */
  private void count(long at, long now) {
    if (at >= countFromNanos && at < countToNanos) {
      long micros = TimeUnit.NANOSECONDS.toMicros(now - at);
      latencies[(int) Math.min(LONGEST_MICROS, micros)]++;
      answers++;
    }
  }

  private void run(int warmUpSeconds, int seconds) {
    loop.submit(
            () -> {
              for (Client each : clients) {
                each.socket.registerToRead(loop);
              }
              beganNanos = System.nanoTime();
              countFromNanos = beganNanos + TimeUnit.SECONDS.toNanos(warmUpSeconds);
              countToNanos = countFromNanos + TimeUnit.SECONDS.toNanos(seconds);
              return null;
            })
        .syncUninterruptibly();
    var tick = loop.scheduleAtFixedRate(this::tick, 0, 1, TimeUnit.MILLISECONDS);
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(warmUpSeconds + seconds));
    while (System.nanoTime() < countToNanos) {
      LockSupport.parkNanos(countToNanos - System.nanoTime());
    }
    loop.submit(() -> sending = rate.equals("ask")).syncUninterruptibly();
    LockSupport.parkNanos(
        rate.equals("ask") ? ASK_LOST_NANOS : TimeUnit.MILLISECONDS.toNanos(GRACE_MS));
    boolean _ = tick.cancel(false);
    loop.submit(() -> print(seconds)).syncUninterruptibly();
  }

  private void print(int seconds) {
    double p99 = answers == 0 ? Double.NaN : micros(0.99) / 1e3;
    System.out.println(
        String.format(
            Locale.ROOT, "= %.1f %.4f %d", (double) answers / seconds, p99, sent - answers));
  }

  private int micros(double quantile) {
    int micros = 0;
    for (long seen = latencies[0]; seen <= answers * quantile && micros < LONGEST_MICROS; ) {
      seen += latencies[++micros];
    }
    return micros;
  }

  private void tick() {
    long now = System.nanoTime();
    switch (rate) {
      case "max" -> {
        for (Client each : clients) {
          // What is lost would make the window smaller for ever.
          if (each.underWay == 0 || now - each.lastNanos > STALLED_NANOS) {
            each.underWay = 0;
            each.lastNanos = now;
            each.send(WINDOW);
          }
        }
      }
      case "ask" -> {
        for (Client each : clients) {
          if (each.underWay > 0 && now - each.lastNanos > ASK_LOST_NANOS) {
            each.underWay = 0;
          }
          if (each.underWay == 0 && now < countToNanos) {
            each.lastNanos = now;
            each.send(1);
          }
        }
      }
      default -> {
        long due = (now - beganNanos) * Long.parseLong(rate) / TimeUnit.SECONDS.toNanos(1);
        // In small bursts, to one client after the other.
        while (paced < due) {
          int burst = (int) Math.min(4, due - paced);
          clients[nextClient].send(burst);
          nextClient = (nextClient + 1) % clients.length;
          paced += burst;
        }
      }
    }
  }

  @Override
  public int longestSegment() {
    return longestSegment;
  }

  @Override
  public void segmentRefused(int segment) {}

  @Override
  public void notSent(int datagrams, int error) {} // they will not be answered
}
