package dev.orchestrator.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * SIGHUP, with which a user asks a service to read its settings again. The JDK has no other
 * interface for signals than {@code sun.misc.Signal}, which the compiler warns of; hence the
 * reflection.
 */
final class HangupSignal {
  private HangupSignal() {}

  /**
   * Runs an action, on a thread of its own, whenever the signal comes. Where the JVM does not let a
   * program handle signals, nothing happens, and the signal ends the process as before.
   */
  static void handle(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Runnable start = () -> Thread.ofVirtual().name("reload").start(action);
      MethodHandle onSignal =
          MethodHandles.lookup()
              .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
              .bindTo(start);
      Object handler =
          MethodHandleProxies.asInterfaceInstance(
              handlerType, MethodHandles.dropArguments(onSignal, 0, signal));
      signal
          .getMethod("handle", signal, handlerType)
          .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), handler);
    } catch (ReflectiveOperationException e) {
      System.err.println("SIGHUP does not reload: " + e + "; 'orchestrator reload' does");
    }
  }
}
