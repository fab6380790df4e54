package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.ReleaseProbes;
import dev.orchestrator.settings.RouteSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Decides which probes apply to a version: the stack's, overridden by those of its release. A probe
 * of a service or a port that the version lacks was added for another version and is skipped.
 * Thread-safe.
 */
final class VersionProbes {
  private final UpgradeContext context;

  /** Probes of releases, by the engine's id of the image, which never changes its content. */
  private final Map<String, List<Probe>> imageProbes = new ConcurrentHashMap<>();

  VersionProbes(UpgradeContext context) {
    this.context = context;
  }

  /** The probes that apply to a generation. */
  List<Probe> askable(Generation generation) {
    return allProbes(generation).stream().filter(probe -> hasPort(generation, probe)).toList();
  }

  private List<Probe> allProbes(Generation generation) {
    return ReleaseProbes.merge(
        context.settings().stack().probes(),
        imageProbes.computeIfAbsent(generation.image(), context.builder()::probes));
  }

  /**
   * Whether the capsule has a port for the probe; the build makes a port for each probe it knows.
   */
  private static boolean hasPort(Generation generation, Probe probe) {
    OptionalInt port = port(probe);
    return port.isEmpty()
        || generation.ports().containsKey(probe.service() + ":" + port.getAsInt());
  }

  private static OptionalInt port(Probe probe) {
    return switch (probe.check()) {
      case Probe.Http http -> OptionalInt.of(http.port());
      case Probe.Tcp tcp -> OptionalInt.of(tcp.port());
      case Probe.Exec _ -> OptionalInt.empty();
    };
  }

  /**
   * The probes that don't apply to a running generation and the routes that lead nowhere in it: one
   * line each, with the reason.
   */
  List<String> describeNotAsked(Generation generation) {
    Set<String> services =
        context.capsule(generation).services(context.briefTimeout()).stream()
            .map(InnerService::service)
            .collect(Collectors.toSet());
    List<String> lines = new ArrayList<>();
    for (RouteSettings route : context.settings().stack().routes()) {
      if (!services.contains(route.service())) {
        lines.add(
            "route %s leads nowhere in %s, which has no service %s"
                .formatted(route.name(), generation.version(), route.service()));
      }
    }
    for (Probe probe : allProbes(generation)) {
      if (!services.contains(probe.service())) {
        lines.add(
            "probe %s is not asked of %s, which has no service %s"
                .formatted(probe.name(), generation.version(), probe.service()));
      } else if (!hasPort(generation, probe)) {
        lines.add(
            "probe %s is not asked of %s, which was built before it: its capsule has no port for %s:%d"
                .formatted(
                    probe.name(),
                    generation.version(),
                    probe.service(),
                    port(probe).orElseThrow()));
      }
    }
    return lines;
  }
}
