package dev.orchestrator.capsule.image;

import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.HostFacts;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.compose.HostQuestions;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Mount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds out what a compose file asks of the engine's host, which may be another machine than this
 * one: in short-lived containers without a network, which see the host's paths read-only. Asks
 * nothing that the compose file doesn't need. Calls block.
 */
final class HostFactsReader {
  /** The network that capsules are in. */
  private static final String NETWORK = "bridge";

  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final String AT = "/host";

  /**
   * A zone's name is where the link leads; a host with a copy in place of the link has the name in
   * a file, or not at all.
   */
  private static final String ASK =
      """
      if [ -d /host/dev ]; then
        find /host/dev -xdev \\( -type c -o -type b -o -type d -o -type l \\) | sed 's,^/host,device ,'
      fi
      if [ -d /host/etc ]; then
        zone=$(readlink /host/etc/localtime | sed -n 's,.*/zoneinfo/,,p')
        [ -n "$zone" ] || zone=$(head -n 1 /host/etc/timezone 2>/dev/null)
        [ -f "/usr/share/zoneinfo/$zone" ] || zone=
        [ -n "$zone" ] || zone=$(find /usr/share/zoneinfo -type f \\
          -exec cmp -s {} /host/etc/localtime \\; -print | head -n 1 | sed 's,.*/zoneinfo/,,')
        echo "zone $zone"
      fi
      sed -nE 's/^Max ([a-z ]+[a-z]) +(unlimited|[0-9]+) +(unlimited|[0-9]+) .*/limit \\1=\\2 \\3/p' /proc/1/limits
      """;

  /** From the kernel's name of a limit in /proc/PID/limits to Docker's. */
  private static final Map<String, String> LIMITS =
      Map.ofEntries(
          Map.entry("core file size", "core"),
          Map.entry("cpu time", "cpu"),
          Map.entry("data size", "data"),
          Map.entry("file size", "fsize"),
          Map.entry("file locks", "locks"),
          Map.entry("locked memory", "memlock"),
          Map.entry("msgqueue size", "msgqueue"),
          Map.entry("nice priority", "nice"),
          Map.entry("open files", "nofile"),
          Map.entry("processes", "nproc"),
          Map.entry("resident set", "rss"),
          Map.entry("realtime priority", "rtprio"),
          Map.entry("realtime timeout", "rttime"),
          Map.entry("pending signals", "sigpending"),
          Map.entry("stack size", "stack"));

  /** As the question's answer has one: {@code limit open files=1024 4096}. */
  private static final Pattern LIMIT = Pattern.compile("limit ([a-z ]+)=([a-z0-9]+) ([a-z0-9]+)");

  private final Engine engine;
  private final BuildContainers containers;

  HostFactsReader(Engine engine, BuildContainers containers) {
    this.engine = engine;
    this.containers = containers;
  }

  /**
   * Asks the host.
   *
   * @param base image of the containers: the capsules' base image
   */
  HostFacts read(HostQuestions questions, String base) {
    Set<String> devices = new TreeSet<>();
    String zone = "";
    List<Mount> mounts = new ArrayList<>();
    if (questions.devices()) {
      mounts.add(Mount.readOnly("/dev", AT + "/dev"));
    }
    if (questions.zone()) {
      mounts.add(Mount.readOnly("/etc", AT + "/etc"));
    }
    Map<String, HostGrants.Limit> limits = new TreeMap<>();
    if (!mounts.isEmpty() || questions.limits()) {
      for (String line : ask(base, mounts).lines().toList()) {
        if (line.startsWith("device ")) {
          devices.add(line.substring("device ".length()));
        } else if (line.startsWith("zone ")) {
          zone = line.substring("zone ".length()).strip();
        } else if (line.startsWith("limit ") && questions.limits()) {
          Matcher limit = LIMIT.matcher(line);
          if (limit.matches() && LIMITS.containsKey(limit.group(1))) {
            limits.put(
                LIMITS.get(limit.group(1)),
                new HostGrants.Limit(limit(limit.group(2)), limit(limit.group(3))));
          }
        }
      }
    }
    if (!zone.matches("[A-Za-z0-9_+/-]{1,64}")) {
      zone = "";
    }
    Map<String, String> paths = new TreeMap<>();
    questions
        .paths()
        .forEach((path, wanted) ->
            propagation(path, wanted, base).ifPresent(found -> paths.put(path, found)));
    return new HostFacts(
        devices,
        engine.subnets(NETWORK),
        paths,
        limits,
        questions.network() ? network(base) : "",
        zone);
  }

  private static long limit(String text) {
    return text.equals("unlimited") ? -1 : Long.parseLong(text);
  }

  private String ask(String base, List<Mount> mounts) {
    try (BuildContainers.Temporary helper = containers.idle("ask", base, mounts)) {
      engine.startContainer(helper.name());
      ExecResult result = engine.exec(helper.name(), List.of("sh", "-c", ASK), DEADLINE);
      return result.stdout();
    }
  }

  /** A path of the host at which its network namespace can be mounted; empty for none. */
  private String network(String base) {
    for (String path : HostGrants.HOST_NETWORKS) {
      // The engine makes the second one for the first container that is in the host's network.
      try (BuildContainers.Temporary user = containers.inHostNetwork("ask", base)) {
        engine.startContainer(user.name());
        try (BuildContainers.Temporary helper =
            containers.idle("ask", base, List.of(Mount.readOnly(path, AT + path)))) {
          engine.startContainer(helper.name());
          return path;
        }
      } catch (EngineException e) {
        if (e.kind() == EngineException.Kind.UNREACHABLE) {
          throw e;
        }
      }
    }
    return "";
  }

  /** How mounts of the host below a path go through; empty when the host doesn't have the path. */
  private Optional<String> propagation(String path, String wanted, String base) {
    for (String propagation : List.of(wanted, "rslave", "rprivate")) {
      try (BuildContainers.Temporary helper =
          containers.create(
              "ask",
              base,
              List.of("true"),
              List.of(new Mount(path, AT + path, true, propagation)),
              ContainerSecurity.DEFAULT)) {
        engine.startContainer(helper.name());
        return Optional.of(propagation);
      } catch (EngineException e) {
        String said = Objects.toString(e.getMessage(), "");
        if (said.contains("does not exist") || said.contains("no such file")) {
          return Optional.empty();
        }
        // The host's mount is private: nothing mounted there later would be seen anyway.
        if (!said.contains("not a shared")) {
          throw e;
        }
      }
    }
    return Optional.empty();
  }
}
