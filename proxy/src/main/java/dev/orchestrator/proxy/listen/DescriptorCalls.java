package dev.orchestrator.proxy.listen;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The system call that duplicates a file descriptor, which Netty does not have. Any thread. */
final class DescriptorCalls {
  private static final int F_DUPFD_CLOEXEC = 1030;

  /** Above the descriptors that systemd passes. */
  private static final int LEAST = 3;

  private static final MethodHandle FCNTL = fcntl();

  private DescriptorCalls() {}

  @SuppressWarnings("restricted") // the signature is that of the C library
  private static MethodHandle fcntl() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find("fcntl").orElseThrow(),
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
  }

  /**
   * Another descriptor of the same open file, which programs that this process starts do not get:
   * fcntl(2), F_DUPFD_CLOEXEC.
   */
  static int duplicate(int descriptor) throws IOException {
    int duplicate;
    try {
      duplicate = (int) FCNTL.invokeExact(descriptor, F_DUPFD_CLOEXEC, LEAST);
    } catch (Throwable e) { // MethodHandle declares it; a system call throws nothing
      throw new IllegalStateException(e);
    }
    if (duplicate < 0) {
      throw new IOException("descriptor " + descriptor + " can't be duplicated: too many are open");
    }
    return duplicate;
  }
}
