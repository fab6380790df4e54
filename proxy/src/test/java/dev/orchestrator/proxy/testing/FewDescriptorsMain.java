package dev.orchestrator.proxy.testing;

/** The main class of a proxy in a process with few file descriptors: PORT of the target. */
public final class FewDescriptorsMain {
  private FewDescriptorsMain() {}

  public static void main(String[] args) throws Exception {
    int target = Integer.parseInt(args[0]);
    try (var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", target))) {
      System.out.println("port " + fixture.proxy.port(ProxyFixture.WEB));
      System.in.read(); // until the test ends
    }
  }
}
