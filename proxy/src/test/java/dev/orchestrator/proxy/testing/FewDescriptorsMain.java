package dev.orchestrator.proxy.testing;

/** The main class of a proxy in a process of its own, whose descriptors are few. */
public final class FewDescriptorsMain {
  private FewDescriptorsMain() {}

  public static void main(String[] args) throws Exception {
    int target = Integer.parseInt(args[0]);
    try (var fixture = ProxyFixture.opened(ProxyFixture.side("blue", target))) {
      System.out.println("port " + fixture.proxy.port(ProxyFixture.WEB));
      System.in.read(); // until the test ends
    }
  }
}
