package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.adopt.AdoptPlan.Cannot;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.settings.Capabilities;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Collects what a project has of the host, as lines of stack.conf that grant it. */
final class GrantDesign {
  /** Of every container, or of every capsule. */
  private static final Set<String> DEVICES =
      Set.of(
          "/dev/fd",
          "/dev/full",
          "/dev/fuse",
          "/dev/mqueue",
          "/dev/net/tun",
          "/dev/null",
          "/dev/ptmx",
          "/dev/pts",
          "/dev/random",
          "/dev/shm",
          "/dev/tty",
          "/dev/urandom",
          "/dev/zero");

  private final List<Cannot> cannot = new ArrayList<>();

  /** Lines of stack.conf, each with the services that need it. */
  private final Map<String, Set<String>> lines = new TreeMap<>();

  private final Map<String, Set<String>> capabilities = new TreeMap<>();
  private final Map<String, Set<String>> devices = new TreeMap<>();
  private final Set<String> sockets = new TreeSet<>();

  private GrantDesign() {}

  static GrantDesign of(ReadProject read, List<MountUse> uses) {
    GrantDesign design = new GrantDesign();
    read.services().forEach(design::service);
    for (MountUse use : uses) {
      Path path = use.path();
      if (path != null && path.startsWith("/dev") && path.getNameCount() > 1) {
        design.device(use.user(), path.toString());
      }
      if (path != null && path.endsWith("docker.sock")) {
        design.sockets.add(use.user());
      }
    }
    design.finish();
    return design;
  }

  List<Cannot> cannot() {
    return cannot;
  }

  /** Lines of stack.conf, each with why as a comment before it. */
  List<String> lines() {
    List<String> all = new ArrayList<>();
    lines.forEach((line, users) -> {
      all.add("# for " + String.join(", ", users));
      all.add(line);
    });
    return all;
  }

  /** The lines without comments, each with its services. */
  List<String> shown() {
    List<String> all = new ArrayList<>();
    lines.forEach((line, users) -> all.add(line + "  # " + String.join(", ", users)));
    return all;
  }

  private void service(String name, JsonNode service) {
    for (JsonNode text : service.path("cap_add")) {
      String capability = Capabilities.name(ComposeModel.text(text));
      if (Capabilities.ALL.contains(capability) && !Capabilities.DEFAULT.contains(capability)) {
        capabilities.computeIfAbsent(capability, key -> new TreeSet<>()).add(name);
      }
    }
    if (service.path("oom_score_adj").asInt() < 0) {
      capabilities.computeIfAbsent("SYS_RESOURCE", key -> new TreeSet<>()).add(name);
    }
    if (service.path("privileged").asBoolean()) {
      line("security.mode = privileged", name);
    }
    for (JsonNode device : service.path("devices")) {
      String source =
          device.isObject()
              ? ComposeModel.text(device.path("source"))
              : ComposeModel.text(device).split(":", 2)[0];
      if (source.startsWith("/dev/")) {
        device(name, Path.of(source).normalize().toString());
      }
    }
    for (JsonNode rule : service.path("device_cgroup_rules")) {
      devices.computeIfAbsent(ComposeModel.text(rule), key -> new TreeSet<>()).add(name);
    }
  }

  private void device(String user, String path) {
    if (DEVICES.stream().noneMatch(usual -> Path.of(path).startsWith(usual))) {
      devices.computeIfAbsent(path, key -> new TreeSet<>()).add(user);
    }
  }

  private void line(String line, String user) {
    lines.computeIfAbsent(line, key -> new TreeSet<>()).add(user);
  }

  private void finish() {
    if (!capabilities.isEmpty()) {
      String line =
          "security.capabilities = [%s]".formatted(String.join(", ", capabilities.keySet()));
      capabilities.values().forEach(users -> users.forEach(user -> line(line, user)));
    }
    if (!devices.isEmpty()) {
      String line =
          "security.devices = [%s]"
              .formatted(String.join(", ", devices.keySet().stream().map(EnvText::conf).toList()));
      devices.values().forEach(users -> users.forEach(user -> line(line, user)));
    }
    for (String user : sockets) {
      line("docker-socket = inner", user);
    }
    if (!sockets.isEmpty()) {
      cannot.add(
          new Cannot(
              "%s mounts the Docker engine's socket: in a stack it leads to the capsule's own engine, which shows this stack's services alone and only answers questions"
                  .formatted(String.join(", ", sockets)),
              "docker-socket = inner-write in stack.conf lets it start and stop containers there;"
                  + " what must see the host's containers stays outside of a stack"));
    }
  }
}
