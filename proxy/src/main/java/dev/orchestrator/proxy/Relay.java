package dev.orchestrator.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.atomic.LongAdder;

/**
 * One direction of a link: passes on what its source sends, and the end of it. Reading pauses while
 * the sink has more queued than its high-water mark.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a close brings arrives as an event
final class Relay extends ChannelInboundHandlerAdapter {
  private final Link link;
  private final Channel source;
  private final Channel sink;
  private final LongAdder bytes;
  private boolean sourceEnded;
  private boolean ended;
  private boolean endPassed;

  Relay(Link link, Channel source, Channel sink, LongAdder bytes) {
    this.link = link;
    this.source = source;
    this.sink = sink;
    this.bytes = bytes;
  }

  void pass(ByteBuf message) {
    bytes.add(message.readableBytes());
    sink.write(message, sink.voidPromise());
    if (!sink.isWritable()) {
      source.config().setAutoRead(false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf read = (ByteBuf) message;
    if (ended) {
      read.release(); // cut: read on so that closing does not reset, see LingeringClose
    } else {
      pass(read);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (!ended) {
      sink.flush();
    }
  }

  /** The source, which is the other relay's sink, takes more again, or no more for now. */
  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (source.isWritable()) {
      sink.config().setAutoRead(true);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      HalfClosed.keepWritable(source);
      sourceEnded();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    link.broken(this);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    link.broken(this);
  }

  void sourceEnded() {
    sourceEnded = true;
    end();
    link.closeWhenOver();
  }

  /** Passes the end of the stream on, after the last byte; what the source still sends is lost. */
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    source.config().setAutoRead(true);
    // shutdownOutput drops what is queued: an empty write tells when the queue has gone out.
    sink.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(flushed -> {
          if (flushed.isSuccess()) {
            ((DuplexChannel) sink).shutdownOutput().addListener(_ -> passed());
          } else {
            passed(); // the sink is gone: nothing is left to be told
          }
        });
  }

  private void passed() {
    endPassed = true;
    link.passedEnd(this);
  }

  /** True when nothing can come from the source any more, and the sink knows. */
  boolean over() {
    return sourceEnded && endPassed;
  }
}
