package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.OriginalPort;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.traffic.Traffic.Detour;
import dev.orchestrator.upgrade.OriginalContainers.Published;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the clients of a compose project's ports wait while those ports change hands between the
 * project and this stack: the routes open on free ports too, and new connections are redirected
 * there. On the run's thread; blocks.
 */
public final class PortTakeover {
  private static final Logger log = LoggerFactory.getLogger(PortTakeover.class);

  /** Of a route with more ports, new connections are not redirected. */
  private static final int MOST_PORTS = 100;

  private static final Duration END_TIMEOUT = Duration.ofMinutes(1);

  private final UpgradeContext context;

  PortTakeover(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Finds out whether new connections can be redirected; a line for the receipt.
   *
   * @throws RefusedException when clients would not get through the host's firewall afterwards
   */
  public String check(UpgradeRun run) {
    String obstacle = context.redirect().findObstacle(run);
    run.noRedirect = obstacle;
    if (!obstacle.isEmpty()) {
      return "while the ports change hands, connections are refused, as they can't be redirected: "
          + obstacle;
    }
    List<RouteSettings> routes = context.settings().stack().routes();
    if (run.adopts()) {
      HostFirewall.requireOpen(context.redirect().findBlocked(run, HostFirewall.questions(routes)));
    }
    String line = "new connections are redirected while the ports change hands";
    List<String> wide =
        routes.stream().filter(PortTakeover::isWide).map(RouteSettings::name).toList();
    if (wide.isEmpty()) {
      return line;
    }
    String but =
        "but for those to routes of more than %d ports, which are refused then: %s"
            .formatted(MOST_PORTS, String.join(", ", wide));
    context.log().receipt(run.id()).note(line + ", " + but);
    return line + ", " + but;
  }

  private static boolean isWide(RouteSettings route) {
    return route.listen().ports() > MOST_PORTS;
  }

  /** Whether new connections can be redirected. */
  public boolean isPossible(UpgradeRun run) {
    if (run.noRedirect == null) {
      run.noRedirect = context.redirect().findObstacle(run);
    }
    return run.noRedirect.isEmpty();
  }

  /**
   * Redirects new connections to the routes on free ports, where they wait. No effect where that is
   * not possible.
   *
   * @return how many ports are redirected
   */
  public int intercept(UpgradeRun run) {
    if (!isPossible(run)) {
      return 0;
    }
    List<Detour> detours = new ArrayList<>();
    List<List<OriginalPort>> published = new ArrayList<>();
    for (RouteSettings route : context.settings().stack().routes()) {
      for (int index = 0; !isWide(route) && index < route.listen().ports(); index++) {
        List<OriginalPort> ports =
            OriginalContainers.findAll(run.original(), route, index).stream()
                .map(Published::port)
                .toList();
        if (!ports.isEmpty()) {
          detours.add(new Detour(route.name(), index, listenHost(ports)));
          published.add(ports);
        }
      }
    }
    if (detours.isEmpty()) {
      return 0;
    }
    List<Integer> free =
        context
            .traffic()
            .openDetours(detours, context.limits().hold().plus(UpgradeContext.GATE_SLACK));
    List<PortRedirect.Rule> rules = new ArrayList<>();
    for (int i = 0; i < detours.size(); i++) {
      rules.addAll(rules(published.get(i), detours.get(i).host(), free.get(i)));
    }
    context.redirect().put(run, rules);
    return detours.size();
  }

  /**
   * The address to listen on: no other than those that clients could reach before. Of several the
   * first that is not the loopback's, where connections from outside can't be led to.
   */
  private static String listenHost(List<OriginalPort> ports) {
    if (ports.stream().anyMatch(PortTakeover::isEveryAddress)) {
      return "0.0.0.0";
    }
    return ports.stream()
        .map(OriginalPort::hostAddress)
        .filter(host -> !host.startsWith("127.") && !host.equals("::1"))
        .findFirst()
        .orElse(ports.getFirst().hostAddress());
  }

  private static boolean isEveryAddress(OriginalPort port) {
    return port.hostAddress().isEmpty()
        || port.hostAddress().equals("0.0.0.0")
        || port.hostAddress().equals("::");
  }

  private static List<PortRedirect.Rule> rules(
      List<OriginalPort> ports, String listenHost, int free) {
    OriginalPort first = ports.getFirst();
    if (listenHost.equals("0.0.0.0")) {
      return List.of(
          new PortRedirect.Rule(first.protocol(), "*", first.hostPort(), listenHost, free));
    }
    return ports.stream()
        .map(OriginalPort::hostAddress)
        .distinct()
        .filter(host -> host.contains(":") == listenHost.contains(":"))
        .map(host ->
            new PortRedirect.Rule(first.protocol(), host, first.hostPort(), listenHost, free))
        .toList();
  }

  /**
   * Removes the rules. The free ports stay open until {@link #end}: a connection may be on its way
   * there.
   */
  public void release(UpgradeRun run) {
    if (isPossible(run)) {
      context.redirect().remove(run.id());
    }
  }

  /**
   * The same when clients are served already, whichever way they come: a failure is left to {@link
   * #end}.
   */
  public void tryRelease(UpgradeRun run) {
    try {
      release(run);
    } catch (EngineException e) {
      log.warn("{}: {}", run.id(), FailureText.of(e));
    }
  }

  /**
   * Ends what is left of a redirection. An engine that does not answer is waited for: until then
   * clients come by the free ports, which a restart of this service would close.
   */
  public void end() {
    Deadline deadline = Deadline.in(END_TIMEOUT);
    while (true) {
      try {
        context.redirect().removeLeftOver();
        context.traffic().closeDetours();
        return;
      } catch (EngineException e) {
        if (deadline.passed() || !pause()) {
          throw e;
        }
      }
    }
  }

  /** Waits before another try; false when the thread was interrupted. */
  private boolean pause() {
    try {
      Thread.sleep(context.undoPause());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
