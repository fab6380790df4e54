package dev.orchestrator.upgrade;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * Sends new connections to ports of the host to other ports of this process, by rules of the host's
 * packet filter, while the ports themselves change hands. The rules are made in a helper container
 * in the host's network, with the right to its packet filter alone, so that this process need not
 * be root. The helper removes them by itself when nobody listens any more where they lead to. On
 * the run's thread; blocks.
 */
public final class PortRedirect {
  /** Role label of the helper container. */
  public static final String ROLE = "redirect";

  /** The helper ends by itself, and its rules with it, if all else fails. */
  private static final Duration LIFE = Duration.ofHours(12);

  private static final String SCRIPT = "/usr/local/lib/capsule/capsule-redirect";
  private static final Path NETWORK = Path.of("/proc/self/ns/net");

  /**
   * A rule.
   *
   * @param protocol {@code tcp} or {@code udp}
   * @param address of the host; {@code *} for all
   * @param toAddress that this process listens on
   */
  record Rule(String protocol, String address, int port, String toAddress, int toPort) {
    private String text() {
      return "%s,%s,%d,%s,%d".formatted(protocol, address, port, toAddress, toPort);
    }
  }

  private final UpgradeContext context;

  PortRedirect(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Starts the helper, and finds out whether it can redirect connections to this process.
   *
   * @return why it can't; empty where it can
   */
  String findObstacle(UpgradeRun run) {
    try {
      startHelper(run.id());
      ExecResult look = exec(List.of("look"));
      if (!look.ok()) {
        return look.errorLine();
      }
      String network = look.stdout().strip().split(" ", -1)[0];
      return network.equals(ownNetwork())
          ? ""
          : "this service is not in the network of the engine's host";
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.UNREACHABLE) {
        throw e;
      }
      return FailureText.of(e);
    }
  }

  /**
   * The ports that the host's firewall would keep clients from; empty where that can't be found
   * out.
   *
   * @param ports such as {@code tcp,8080}
   */
  List<HostFirewall.Blocked> findBlocked(UpgradeRun run, List<String> ports) {
    if (ports.isEmpty()) {
      return List.of();
    }
    startHelper(run.id());
    List<String> arguments = new ArrayList<>(List.of("blocked"));
    arguments.addAll(ports);
    ExecResult found = exec(arguments, context.limits().ready());
    require(found, "asking for the rules of the host's firewall");
    return found.stdout().lines().map(HostFirewall.Blocked::parse).toList();
  }

  private static String ownNetwork() {
    try {
      return Files.readSymbolicLink(NETWORK).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /** Makes these rules, in place of those that there are. */
  void put(UpgradeRun run, List<Rule> rules) {
    startHelper(run.id());
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "add",
                chain(),
                "orchestrator %s %s".formatted(context.settings().stack().name(), run.id())));
    rules.forEach(rule -> arguments.add(rule.text()));
    require(exec(arguments), "redirecting new connections");
  }

  /** Removes the rules and the helper; also those of an earlier process. */
  public void remove(String run) {
    startHelper(run);
    require(exec(List.of("clear", chain())), "removing the redirection of new connections");
    context.engine().removeContainer(name());
  }

  /** Removes what an earlier process has left, if it has left anything. */
  public void removeLeftOver() {
    if (context.engine().container(name()).isPresent()) {
      remove("");
    }
  }

  private static void require(ExecResult result, String doing) {
    if (!result.ok()) {
      throw new EngineException(EngineException.Kind.REFUSED, doing + ": " + result.errorLine());
    }
  }

  private ExecResult exec(List<String> arguments) {
    return exec(arguments, context.briefTimeout());
  }

  private ExecResult exec(List<String> arguments, Duration limit) {
    List<String> command = new ArrayList<>(List.of(SCRIPT));
    command.addAll(arguments);
    return context.engine().exec(name(), command, limit);
  }

  /** Starts the helper, unless it runs; one of an engine that has ended since is made anew. */
  private void startHelper(String run) {
    Optional<ContainerInfo> helper = context.engine().container(name());
    if (helper.filter(ContainerInfo::running).isPresent()) {
      return;
    }
    if (helper.isPresent()) {
      context.engine().removeContainer(name());
    }
    ContainerSpec spec =
        ContainerSpec.helper(
                name(),
                context.builder().base(line -> {}),
                List.of(SCRIPT, "guard", chain(), Long.toString(LIFE.toSeconds())),
                labels(run),
                List.of(),
                ContainerSecurity.only("NET_ADMIN", "NET_RAW"))
            .withNetwork("host");
    context.engine().createContainer(spec);
    context.engine().startContainer(name());
  }

  private Map<String, String> labels(String run) {
    return run.isEmpty()
        ? Labels.with(context.names().stackLabels(), Labels.ROLE, ROLE)
        : context.names().helperLabels(run, ROLE);
  }

  private String name() {
    return context.names().redirect();
  }

  /** The chain of this stack and service; a chain's name has 28 characters at most. */
  private String chain() {
    CRC32 crc = new CRC32();
    crc.update(name().getBytes(StandardCharsets.UTF_8));
    return String.format("ORCHESTRATOR-%08x", crc.getValue());
  }
}
