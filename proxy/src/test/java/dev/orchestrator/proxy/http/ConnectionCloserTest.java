package dev.orchestrator.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.LoopContexts;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConnectionCloserTest {
  @Test
  void aConnectionThatHasBecomeASocketIsNotClosedWithItsChannel() throws Exception {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      LoopContexts loops = new LoopContexts(group);
      LoopContext loop = loops.next();
      EpollSocketChannel channel =
          (EpollSocketChannel)
              new Bootstrap()
                  .group(group)
                  .channel(EpollSocketChannel.class)
                  .handler(new ChannelInboundHandlerAdapter())
                  .connect(server.getLocalSocketAddress())
                  .sync()
                  .channel();
      try (Socket peer = server.accept()) {
        peer.setSoTimeout(20_000);
        ConnectionCloser closer =
            new ConnectionCloser(channel, loop, new OutputBuffer(channel), () -> {});
        CompletableFuture<EpollSocket> socket = new CompletableFuture<>();
        closer.toSocket(
            socket::complete, () -> socket.completeExceptionally(new AssertionError("failed")));
        EpollSocket open = socket.get(20, TimeUnit.SECONDS);
        loops.runOnEach(_ -> {
          closer.closeNow();
          boolean _ = open.write(ByteBuffer.allocateDirect(1).put(0, (byte) 7));
          open.close();
        });
        assertEquals(7, peer.getInputStream().read());
        assertEquals(-1, peer.getInputStream().read());
      }
    } finally {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }
}
