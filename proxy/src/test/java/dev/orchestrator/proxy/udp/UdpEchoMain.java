package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * The main class of the bench's target for datagrams: LONGEST-SEGMENT PORT... It sends each back,
 * many by one call, so that it is not what is measured; those that came together and are no longer
 * than the longest segment as one message that the kernel cuts up, as servers of QUIC do. Ends with
 * its input.
 */
final class UdpEchoMain implements EpollSocket.Owner, SendBatch.Sender {
  private final IoEventLoop loop;
  private final ReceiveBatch in;
  private final SendBatch out;
  private final ClientAddress[] senders = new ClientAddress[ReceiveBatch.SLOTS];

  private final int longestSegment;

  private UdpEchoMain(IoEventLoop loop, int longestSegment) {
    this.loop = loop;
    this.longestSegment = longestSegment;
    DatagramCalls calls = new DatagramCalls();
    in = new ReceiveBatch(calls);
    out = new SendBatch(calls);
    java.util.Arrays.setAll(senders, _ -> new ClientAddress());
  }

  public static void main(String[] arguments) throws IOException {
    IoEventLoop loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()).next();
    UdpEchoMain echo = new UdpEchoMain(loop, Integer.parseInt(arguments[0]));
    for (String port : List.of(arguments).subList(1, arguments.length)) {
      Socket socket = Socket.newSocketDgram();
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
      DatagramOptions.set(socket);
      EpollSocket listener = new EpollSocket(socket, echo);
      loop.submit(
              () -> {
                listener.registerToRead(loop);
                return listener;
              })
          .syncUninterruptibly();
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  @Override
  public void ready(EpollSocket socket) {
    int fd = socket.socket().intValue();
    for (int turn = 0; turn < 4; turn++) {
      int received = in.receive(fd, 0);
      for (int slot = 0; slot < received; slot++) {
        in.readAddresses(slot, senders[slot]);
        int segment = in.segment(slot);
        if (out.isFull(ReceiveBatch.datagrams(in.length(slot), segment))) {
          out.send(fd, this);
        }
        out.add(senders[slot], in.address(slot), in.length(slot), segment, 0, 0, longestSegment);
      }
      out.send(fd, this);
      if (DatagramCalls.isEmptied(received, ReceiveBatch.SLOTS)) {
        return;
      }
    }
    loop.execute(() -> ready(socket));
  }

  @Override
  public int longestSegment() {
    return longestSegment;
  }

  @Override
  public void segmentRefused(int length) {}

  @Override
  public void notSent(int datagrams, int error) {}
}
