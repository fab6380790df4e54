package dev.orchestrator.proxy.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;

/**
 * The main class of a proxy with a held http route, in a process with a small heap: PORT of the
 * target. It prints its port; then it takes the lines {@code stats} (prints requests held and
 * refused), {@code release} and {@code buffers} (prints the bytes of buffers in use), and ends with
 * its input.
 */
public final class SmallHeapMain {
  private SmallHeapMain() {}

  public static void main(String[] args) throws Exception {
    int target = Integer.parseInt(args[0]);
    try (var fixture =
        ProxyFixture.opened(RouteOptions.of(Protocol.HTTP), ProxyFixture.backend("blue", target))) {
      fixture.proxy.hold(Duration.ofMinutes(5));
      System.out.println("= " + fixture.proxy.port(ProxyFixture.WEB));
      BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        System.out.println("= " + run(line, fixture));
      }
    }
  }

  private static String run(String command, ProxyFixture fixture) {
    return switch (command) {
      case "release" -> {
        fixture.proxy.release();
        yield "released";
      }
      case "buffers" -> Long.toString(PooledByteBufAllocator.DEFAULT.pinnedDirectMemory());
      default -> fixture.stats().heldNow() + " " + fixture.stats().refused();
    };
  }
}
