package dev.orchestrator.proxy.epoll;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.Native;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Keeps a channel whose peer has ended its stream fit for writing.
 *
 * <p>Netty's epoll transport (seen in 4.2.18) takes a socket off epoll when it is interested in
 * nothing, as it is after the end of the peer's stream, and fails to put it back: the first write
 * that does not fit the socket's buffer then closes the channel, and the rest of an answer to a
 * half-closed client is lost. A flag that is always set prevents that. The flag for edge-triggering
 * does no harm once there is nothing left to read, and also prevents the repeated reports of a
 * reset, for which Netty takes the socket off epoll.
 */
public final class HalfCloseWorkaround {
  private static final MethodHandle SET_FLAG = setFlag();

  private HalfCloseWorkaround() {}

  /** To be called when the channel tells the end of its input. */
  public static void keepWritable(Channel channel) {
    if (channel instanceof EpollSocketChannel epoll) {
      try {
        SET_FLAG.invoke(epoll, Native.EPOLLET);
      } catch (Throwable e) {
        throw new IllegalStateException("cannot keep a half-closed channel on epoll", e);
      }
    }
  }

  private static MethodHandle setFlag() {
    try {
      Class<?> owner = EpollSocketChannel.class.getSuperclass().getSuperclass();
      return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
          .findVirtual(owner, "setFlag", MethodType.methodType(void.class, int.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
