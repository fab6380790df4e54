package dev.orchestrator.proxy;

/** The main class of a proxy in a process of its own, whose descriptors are few. */
final class FewDescriptors {
  private FewDescriptors() {}

  public static void main(String[] args) throws Exception {
    int target = Integer.parseInt(args[0]);
    try (var fixture = ProxyFixture.opened(ProxyFixture.side("blue", target))) {
      System.out.println("port " + fixture.proxy.port(ProxyFixture.WEB));
      System.in.read(); // until the test ends
    }
  }
}
