package dev.orchestrator.proxy.udp;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * The system calls for several datagrams at once. Arrays of {@code struct mmsghdr} are given by
 * their address; the layout is that of 64-bit Linux, the same on x86-64 and arm64. Never blocks.
 */
final class DatagramCalls {
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int EAGAIN = 11;
  static final int EINVAL = 22;
  static final int EMSGSIZE = 90;
  static final int EADDRNOTAVAIL = 99;
  static final int ENETUNREACH = 101;
  static final int ECONNREFUSED = 111;

  private static final int MSG_DONTWAIT = 0x40;
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final MethodHandle RECVMMSG =
      handle(
          "recvmmsg",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle SENDMMSG =
      handle(
          "sendmmsg",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT));

  /** Where the calls of one event loop leave their error. */
  private final MemorySegment state = Arena.ofAuto().allocate(STATE);

  @SuppressWarnings("restricted") // the signatures are those of the C library
  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), descriptor, ERRNO);
  }

  /** Loads what the calls need, so that an event loop does not have to wait for it. */
  static void prepare() {
    Objects.requireNonNull(RECVMMSG);
  }

  /**
   * Whether a call of {@link #receive} has left the socket empty: a batch that is not full says so
   * without another call.
   */
  static boolean isEmptied(int received, int asked) {
    return received == -EAGAIN || (received > 0 && received < asked);
  }

  /**
   * Receives datagrams.
   *
   * @return their number, at least 1; or the error as a negative number, {@link #EAGAIN} for none
   */
  int receive(int socket, long messages, int count) {
    try {
      int received = (int) RECVMMSG.invokeExact(state, socket, messages, count, MSG_DONTWAIT, 0L);
      return received < 0 ? -errno() : received;
    } catch (Throwable e) { // MethodHandle declares it; a system call throws nothing
      throw new IllegalStateException(e);
    }
  }

  /**
   * Sends messages, in order.
   *
   * @return the number sent, at least 1; or the error of the first as a negative number
   */
  int send(int socket, long messages, int count) {
    try {
      int sent = (int) SENDMMSG.invokeExact(state, socket, messages, count, MSG_DONTWAIT);
      return sent < 0 ? -errno() : sent;
    } catch (Throwable e) { // as above
      throw new IllegalStateException(e);
    }
  }

  private int errno() {
    return state.get(ValueLayout.JAVA_INT, 0);
  }
}
