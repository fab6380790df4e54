package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.compose.HostGrants.Limit;
import dev.orchestrator.settings.Capabilities;
import dev.orchestrator.settings.GrantSettings;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Judges the rights that services want: what a capsule has anyway, what stack.conf grants, and what
 * is refused, with the line that grants it. Changes the services that it is given where a word
 * means something else in a capsule.
 */
final class RightsMapping {
  private static final String RUNC = "runc|io\\.containerd\\.runc\\.v2";

  /** Devices that a capsule gets without a grant, if its host has them: VPNs and FUSE use them. */
  private static final Set<String> FREE = Set.of("/dev/net/tun", "/dev/fuse");

  /** Devices, and folders with devices of their own, that every container has. */
  private static final Set<String> USUAL =
      Set.of(
          "/dev/fd",
          "/dev/full",
          "/dev/mqueue",
          "/dev/null",
          "/dev/ptmx",
          "/dev/pts",
          "/dev/random",
          "/dev/shm",
          "/dev/tty",
          "/dev/urandom",
          "/dev/zero");

  /** Below which a limit can't be set without this right. */
  private static final String RESOURCE = "SYS_RESOURCE";

  private final ComposeFindings findings;
  private final GrantSettings grants;
  private final HostFacts host;
  private final Map<String, ObjectNode> services;
  private final Set<String> capabilities;
  private final Set<String> devices = new TreeSet<>();
  private final Map<String, Limit> limits = new TreeMap<>();

  /**
   * Judges these services.
   *
   * @param usual rights of a capsule without any grant
   */
  RightsMapping(
      ComposeFindings findings,
      GrantSettings grants,
      HostFacts host,
      CapsuleRights usual,
      Map<String, ObjectNode> services) {
    this.findings = findings;
    this.grants = grants;
    this.host = host;
    this.services = services;
    this.capabilities = new TreeSet<>(usual.capabilities());
    if (grants.privileged()) {
      capabilities.addAll(Capabilities.ALL);
    }
    capabilities.addAll(grants.capabilities());
  }

  /** Judges all services. */
  void apply() {
    for (String device : grants.devices()) {
      if (device.startsWith("/") && !host.devices().isEmpty() && !hostHas(device)) {
        findings.refuse(
            "security.devices in stack.conf has %s, which the host doesn't have: remove it"
                .formatted(device));
      }
    }
    services.forEach((name, service) -> {
      String user = "service " + name;
      capabilities(user, service);
      privileged(user, service);
      devices(user, service);
      limits(service);
      engine(user, service);
      nameSpaces(user, service);
      others(user, service);
    });
    keepLimits();
  }

  /** Devices that a capsule needs: those that are granted, and those that need no grant. */
  List<String> devices() {
    Set<String> all = new TreeSet<>(devices);
    grants.devices().stream().filter(device -> device.startsWith("/")).forEach(all::add);
    return List.copyOf(all);
  }

  List<String> deviceRules() {
    return grants.devices().stream().filter(device -> !device.startsWith("/")).sorted().toList();
  }

  Map<String, Limit> limits() {
    return limits;
  }

  /** Whether a service may use what is at a path of /dev; refuses it otherwise. */
  void requireDevice(String user, String key, Path path) {
    String device = path.toString();
    if (grants.privileged() || isUsual(path)) {
      return;
    }
    if (FREE.contains(device)) {
      if (host.devices().contains(device)) {
        devices.add(device);
      } else {
        findings.refuse(user, key, "the host doesn't have %s: remove it".formatted(device));
      }
      return;
    }
    if (grants.devices().stream().anyMatch(granted -> path.startsWith(granted))) {
      return;
    }
    if (!hostHas(device)) {
      findings.refuse(user, key, "the host doesn't have %s: remove it".formatted(device));
      return;
    }
    findings.refuse(
        user,
        key,
        "%s is the host's: add to stack.conf: security.devices += \"%s\""
            .formatted(device, device));
  }

  private static boolean isUsual(Path path) {
    return USUAL.stream().anyMatch(path::startsWith);
  }

  private boolean hostHas(String device) {
    return host.devices().contains(device);
  }

  private void capabilities(String user, ObjectNode service) {
    for (String text : ComposeModel.texts(service.path("cap_add"))) {
      String name = Capabilities.name(text);
      if (name.equals("ALL")) {
        if (!capabilities.containsAll(Capabilities.ALL)) {
          findings.warn(
              "%s: cap_add: ALL is what a capsule has: %s. Add others to security.capabilities in stack.conf"
                  .formatted(user, String.join(", ", capabilities)));
        }
      } else if (!Capabilities.ALL.contains(name)) {
        findings.refuse(user, "cap_add", "%s is no capability of Linux".formatted(text));
      } else if (!capabilities.contains(name)) {
        findings.refuse(
            user,
            "cap_add",
            "a capsule lacks %s: add to stack.conf: security.capabilities += %s"
                .formatted(name, name));
      }
    }
  }

  private void privileged(String user, ObjectNode service) {
    if (!service.path("privileged").asBoolean() || grants.privileged()) {
      return;
    }
    if (grants.devices().contains("a *:* rwm")) {
      findings.warn(
          "%s: privileged: it gets every device that the capsule has, and the capsule's capabilities: %s"
              .formatted(user, String.join(", ", capabilities)));
      return;
    }
    findings.refuse(
        user,
        "privileged",
        "needs all rights on the host: write 'cap_add' and 'devices' with what the service needs"
            + " instead, or add to stack.conf: security.mode = privileged");
  }

  private void devices(String user, ObjectNode service) {
    for (JsonNode device : service.path("devices")) {
      String source =
          device.isObject()
              ? ComposeModel.text(device.path("source"))
              : ComposeModel.text(device).split(":", 2)[0];
      if (source.startsWith("/dev/")) {
        requireDevice(user, "devices", Path.of(source).normalize());
      } else {
        findings.refuse(
            user,
            "devices",
            "%s is not below /dev, and a capsule's engine has no such devices".formatted(source));
      }
    }
    for (String rule : ComposeModel.texts(service.path("device_cgroup_rules"))) {
      if (!grants.privileged()
          && deviceRules().stream().noneMatch(granted -> covers(granted, rule))) {
        findings.refuse(
            user,
            "device_cgroup_rules",
            "add to stack.conf: security.devices += \"%s\"".formatted(rule));
      }
    }
    if (!service.at("/deploy/resources/reservations/devices").isEmpty() || service.has("gpus")) {
      findings.refuse(
          user,
          service.has("gpus") ? "gpus" : "deploy.resources.reservations.devices",
          "a capsule's engine has no driver for reserved devices (such as NVIDIA's container"
              + " toolkit): for a GPU of AMD or Intel name its device instead, devices:"
              + " [\"/dev/dri\"], and add to stack.conf: security.devices += \"/dev/dri\"");
    }
  }

  private static boolean covers(String granted, String rule) {
    String[] a = granted.split("[ :]", 4);
    String[] b = rule.split("[ :]", 4);
    return a.length == 4
        && b.length == 4
        && (a[0].equals("a") || a[0].equals(b[0]))
        && (a[1].equals("*") || a[1].equals(b[1]))
        && (a[2].equals("*") || a[2].equals(b[2]))
        && b[3].chars().allMatch(letter -> a[3].indexOf(letter) >= 0);
  }

  /**
   * A capsule has the highest limits that its services ask for: they inherit no more than that.
   * Where that is no more than the engine gives it anyway, nothing changes; else the other services
   * keep what the engine would give them.
   */
  private void keepLimits() {
    limits
        .entrySet()
        .removeIf(entry -> {
          Limit usual = host.limits().get(entry.getKey());
          if (usual == null) {
            return false;
          }
          Limit asked = entry.getValue();
          Limit raised =
              new Limit(higher(asked.soft(), usual.soft()), higher(asked.hard(), usual.hard()));
          entry.setValue(raised);
          if (raised.equals(usual)) {
            return true;
          }
          services
              .values()
              .forEach(service -> {
                ObjectNode own = service.withObjectProperty("ulimits");
                if (!own.has(entry.getKey())) {
                  own.putObject(entry.getKey()).put("soft", usual.soft()).put("hard", usual.hard());
                }
              });
          return false;
        });
  }

  private void limits(ObjectNode service) {
    service
        .path("ulimits")
        .properties()
        .forEach(entry -> {
          JsonNode value = entry.getValue();
          long soft = value.isObject() ? value.path("soft").asLong() : value.asLong();
          long hard = value.isObject() ? value.path("hard").asLong() : value.asLong();
          limits.merge(
              entry.getKey().toLowerCase(Locale.ROOT),
              new Limit(soft, hard),
              (a, b) -> new Limit(higher(a.soft(), b.soft()), higher(a.hard(), b.hard())));
        });
  }

  private static long higher(long a, long b) {
    return a < 0 || b < 0 ? -1 : Math.max(a, b);
  }

  /** What belongs to an engine's own set-up, of which a capsule has the plain one. */
  private void engine(String user, ObjectNode service) {
    String runtime = service.path("runtime").asText("");
    if (!runtime.isEmpty() && !runtime.matches(RUNC)) {
      findings.refuse(
          user, "runtime", "a capsule's engine has runc alone: remove '%s'".formatted(runtime));
    }
    if (service.path("storage_opt").has("size")) {
      findings.refuse(
          user,
          "storage_opt",
          "a capsule's engine can't limit the size of a container's own files: remove 'size'");
    }
    String driver = service.at("/logging/driver").asText("");
    if (driver.equals("journald") || driver.equals("etwlogs")) {
      findings.refuse(
          user,
          "logging",
          "a capsule has no %s: remove 'driver', and read 'orchestrator logs'".formatted(driver));
    }
    if (service.path("oom_score_adj").asInt() < 0 && !capabilities.contains(RESOURCE)) {
      findings.refuse(
          user,
          "oom_score_adj",
          "below 0 it needs a right that a capsule lacks: remove it, or add to stack.conf: security.capabilities += %s"
              .formatted(RESOURCE));
    }
    for (String option : ComposeModel.texts(service.path("security_opt"))) {
      if (option.matches("apparmor[:=](?!unconfined).*")
          || option.matches("label[:=](?!disable).*")) {
        findings.warn(
            "%s: security_opt: %s has no effect: a capsule's engine has neither AppArmor nor SELinux"
                .formatted(user, option));
      }
    }
  }

  /** The host's name spaces are those of the capsule; those of a container are a service's. */
  private void nameSpaces(String user, ObjectNode service) {
    for (String key : List.of("network_mode", "pid", "ipc")) {
      String mode = service.path(key).asText("");
      if (mode.startsWith("container:")) {
        String other = mode.substring("container:".length());
        String found = serviceOf(other);
        if (found.isEmpty()) {
          findings.refuse(
              user,
              key,
              "a capsule has no container %s: name a service of this compose file (service:NAME)"
                  .formatted(other));
        } else {
          service.put(key, "service:" + found);
          // As Compose does for service:NAME: the other must be there first.
          ObjectNode dependencies = service.withObjectProperty("depends_on");
          if (!dependencies.has(found)) {
            dependencies
                .putObject(found)
                .put("condition", "service_started")
                .put("restart", true)
                .put("required", true);
          }
        }
      }
    }
    for (String key : List.of("pid", "ipc", "uts", "cgroup")) {
      if (service.path(key).asText("").equals("host")) {
        findings.warn(
            "%s: %s: host is the capsule: the service sees what runs in the capsule, and nothing else of the host"
                .formatted(user, key));
      }
    }
  }

  /**
   * The service of a container's name: by its container_name, or by the name that Compose gives.
   */
  private String serviceOf(String container) {
    for (Map.Entry<String, ObjectNode> service : services.entrySet()) {
      if (service.getValue().path("container_name").asText("").equals(container)) {
        return service.getKey();
      }
    }
    if (services.containsKey(container)) {
      return container;
    }
    // "shop-my-db-1" is of my-db, although it ends in the name of db too.
    return services.keySet().stream()
        .filter(service ->
            container.endsWith("-" + service + "-1") || container.endsWith("_" + service + "_1"))
        .max(Comparator.comparingInt(String::length))
        .orElse("");
  }

  private void others(String user, ObjectNode service) {
    for (String from : ComposeModel.texts(service.path("volumes_from"))) {
      if (from.startsWith("container:")) {
        findings.refuse(
            user,
            "volumes_from",
            "a capsule has no container %s: name a service of this compose file"
                .formatted(from.substring("container:".length())));
      }
    }
    lowerCase(service.path("blkio_config"));
  }

  /** Compose prints these keys in another case than it reads them. */
  private static void lowerCase(JsonNode config) {
    for (JsonNode list : config) {
      if (list instanceof ArrayNode array) {
        for (int i = 0; i < array.size(); i++) {
          if (array.get(i) instanceof ObjectNode item) {
            ObjectNode renamed = array.objectNode();
            item.properties()
                .forEach(entry ->
                    renamed.set(entry.getKey().toLowerCase(Locale.ROOT), entry.getValue()));
            array.set(i, renamed);
          }
        }
      }
    }
  }
}
