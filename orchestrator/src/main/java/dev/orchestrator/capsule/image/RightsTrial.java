package dev.orchestrator.capsule.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.capsule.runtime.ContainerCapsule;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.CapsuleStack;
import dev.orchestrator.compose.ComposeFindings;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Tries out, while nobody waits, the rights of services that only a try can show: limits, kernel
 * settings, devices, everything that depends on the host's kernel and on what its engine may do. It
 * starts a capsule without a stack and without a network, with the rights that the version's
 * capsule will get; in it each service starts as a program that ends at once. A result holds for as
 * long as the base image and the rights are the same. Calls block, for some seconds.
 */
final class RightsTrial {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String FILE = "/capsule/try/compose.json";

  /** Keys whose effect depends on the host; a service that has one of these is tried. */
  private static final List<String> TRIED =
      List.of(
          "privileged",
          "ulimits",
          "sysctls",
          "devices",
          "device_cgroup_rules",
          "oom_score_adj",
          "oom_kill_disable",
          "mem_swappiness",
          "blkio_config",
          "cpu_rt_runtime",
          "cpu_rt_period",
          "cgroup_parent",
          "userns_mode");

  /** Keys that go along with those that are tried. */
  private static final List<String> KEPT =
      List.of(
          "cap_add",
          "cap_drop",
          "read_only",
          "tmpfs",
          "shm_size",
          "init",
          "pid",
          "ipc",
          "uts",
          "cgroup",
          "mem_limit",
          "memswap_limit");

  /** A name is one of the service's image, which the trial does without. */
  private static final Pattern USER_ID = Pattern.compile("[0-9]+(:[0-9]+)?");

  /** Drivers that need nothing of the host. */
  private static final Set<String> LOG_DRIVERS = Set.of("", "json-file", "local", "none");

  /** What the engine and its parts put before a reason. */
  private static final String LAYERS =
      "(Error response from daemon|failed to create task for container|failed to create shim task"
          + "|OCI runtime create failed|runc create failed|unable to start container process"
          + "|error during container init|error setting rlimits for ready process): ";

  private final Engine engine;
  private final BuildContainers containers;
  private final ImageSettings settings;
  private final Map<String, List<String>> known = new ConcurrentHashMap<>();

  RightsTrial(Engine engine, BuildContainers containers, ImageSettings settings) {
    this.engine = engine;
    this.containers = containers;
    this.settings = settings;
  }

  /**
   * Tries a version's rights; refuses what the engine refuses, by service and key.
   *
   * @param base the capsules' base image
   */
  void run(CapsuleStack stack, String base, ComposeFindings findings) {
    Map<String, ObjectNode> services = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> service : stack.compose().path("services").properties()) {
      ObjectNode tried = tried(service.getValue());
      if (!tried.isEmpty()) {
        services.put(service.getKey(), tried);
      }
    }
    if (services.isEmpty() && !stack.grants().needsTrial()) {
      return;
    }
    ObjectNode model = JsonNodeFactory.instance.objectNode().put("name", "try");
    ObjectNode all = model.putObject("services");
    services.forEach((name, service) -> {
      if (service.path("network_mode").isMissingNode()) {
        service.put("network_mode", "none");
      }
      service.put("image", "capsule-try:1").put("pull_policy", "never");
      service.putArray("command").add("/usr/bin/true");
      all.set(name, service);
    });
    String key =
        ContentDigest.of(
            engine.image(base).orElseThrow().id(),
            model.toString(),
            stack.grants().flags(),
            settings.privileged() + "");
    List<String> refused = known.get(key);
    if (refused == null) {
      int warnings = findings.warnings().size();
      refused = refusals(model, stack.grants(), base, findings);
      if (findings.warnings().size() == warnings) {
        known.put(key, refused);
      }
    }
    refused.forEach(findings::refuse);
  }

  /** Of a service what is to be tried; empty when there is nothing. */
  private static ObjectNode tried(JsonNode service) {
    ObjectNode tried = JsonNodeFactory.instance.objectNode();
    for (String key : TRIED) {
      JsonNode value = service.path(key);
      if (value.asBoolean() || value.isObject() || value.isArray() || value.isTextual()) {
        tried.set(key, value);
      }
    }
    boolean sendsLogs =
        service.at("/logging/options").properties().stream()
            .anyMatch(option -> option.getKey().endsWith("-address"));
    // Where it sends them is often another service of the stack, which the trial does without.
    if (!LOG_DRIVERS.contains(service.at("/logging/driver").asText("")) && !sendsLogs) {
      tried.set("logging", service.path("logging"));
    }
    for (JsonNode option : service.path("security_opt")) {
      if (!option.asText().startsWith("no-new-privileges")
          && !option.asText().startsWith("seccomp:/")) {
        tried.withArrayProperty("security_opt").add(option.asText());
      }
    }
    if (tried.isEmpty()) {
      return tried;
    }
    for (String key : KEPT) {
      JsonNode value = service.path(key);
      if (!value.isMissingNode() && !value.isNull() && !value.asText().startsWith("service:")) {
        tried.set(key, value);
      }
    }
    if (USER_ID.matcher(service.path("user").asText("")).matches()) {
      tried.set("user", service.path("user"));
    }
    if (service.path("network_mode").asText("").equals("host")) {
      tried.put("network_mode", "host");
    }
    return tried;
  }

  private List<String> refusals(
      ObjectNode model, HostGrants grants, String base, ComposeFindings findings) {
    Deadline deadline = Deadline.in(LIMIT);
    ContainerSecurity security = CapsuleSpecFactory.security(settings, grants);
    try (BuildContainers.Temporary capsule =
        containers.create(
            "try", base, List.of("/usr/local/lib/capsule/entrypoint"), List.of(), security)) {
      engine.startContainer(capsule.name());
      return refusalsIn(capsule.name(), model, deadline);
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.UNREACHABLE) {
        throw e;
      }
      return capsuleRefused(model, security, grants, String.valueOf(e.getMessage()));
    } catch (CapsuleException | Deadline.PassedException e) {
      findings.warn(
          "whether the engine gives the services the rights that they ask for could not be tried: "
              + e.getMessage());
      return List.of();
    }
  }

  /** What the engine in the capsule refuses; its own failures are {@link CapsuleException}s. */
  private List<String> refusalsIn(String capsule, ObjectNode model, Deadline deadline) {
    new ContainerCapsule(engine, capsule, SteadyClock.get()).awaitReady(deadline.require());
    if (model.path("services").isEmpty()) {
      return List.of();
    }
    try (TarArchive archive = new TarArchive()) {
      archive.text(FILE.substring(1), model.toString());
      engine.putArchive(capsule, "/", archive.open());
      ExecResult result =
          engine.exec(
              capsule, List.of("/usr/local/lib/capsule/capsule-try", FILE), deadline.require());
      if (!result.ok()) {
        throw new CapsuleException("trying out the services' rights: " + result.errorLine());
      }
      return result.stdout().lines().map(line -> refusal(line, model)).toList();
    } catch (EngineException e) {
      throw new CapsuleException("trying out the services' rights: " + e.getMessage(), e);
    }
  }

  /** What the host's engine doesn't give to a capsule. */
  private static List<String> capsuleRefused(
      ObjectNode model, ContainerSecurity security, HostGrants grants, String said) {
    String reason = reason(said);
    if (said.contains("rlimit") || said.contains("ulimit")) {
      Set<String> users = new TreeSet<>();
      model
          .path("services")
          .properties()
          .forEach(service -> {
            if (asksForHighest(service.getValue().path("ulimits"), grants)) {
              users.add(
                  "service %s: ulimits: the host's engine can't raise a limit that far, lower it: %s"
                      .formatted(service.getKey(), reason));
            }
          });
      return List.copyOf(users);
    }
    if (security.privileged()) {
      return List.of(
          "security.mode = privileged in stack.conf: the host's engine refuses it: " + reason);
    }
    return List.of(
        "%s in stack.conf: the host's engine refuses it: %s"
            .formatted(
                said.contains("device") ? "security.devices" : "security.capabilities", reason));
  }

  /** Whether one of a service's limits is why the capsule needs one that is higher than usual. */
  private static boolean asksForHighest(JsonNode limits, HostGrants grants) {
    return grants.limits().entrySet().stream()
        .anyMatch(raised -> {
          JsonNode asked = limits.path(raised.getKey());
          long hard = asked.isObject() ? asked.path("hard").asLong() : asked.asLong();
          return !asked.isMissingNode() && (hard < 0 || hard == raised.getValue().hard());
        });
  }

  private static String refusal(String line, ObjectNode model) {
    String[] parts = line.split("\t", 2);
    String said = parts.length < 2 ? "" : parts[1];
    JsonNode service = model.path("services").path(parts[0]);
    return "service %s: %s: an engine in a capsule on this host refuses it, change it or leave it out: %s"
        .formatted(parts[0], String.join(", ", keys(said, service)), reason(said));
  }

  /** The keys that an engine's words are about; all that were tried when they don't tell. */
  private static List<String> keys(String said, JsonNode service) {
    Map<String, String> words = new LinkedHashMap<>();
    words.put("rlimit", "ulimits");
    words.put("/proc/sys/|sysctl", "sysctls");
    words.put("logging", "logging");
    words.put("seccomp|apparmor|selinux|security option", "security_opt");
    words.put("rt_runtime|rt_period", "cpu_rt_runtime");
    words.put("blkio|io\\.", "blkio_config");
    words.put("swappiness", "mem_swappiness");
    for (Map.Entry<String, String> word : words.entrySet()) {
      if (service.has(word.getValue()) && said.matches("(?i).*(" + word.getKey() + ").*")) {
        return List.of(word.getValue());
      }
    }
    if (said.contains("devices.allow")) {
      return service.has("privileged") ? List.of("privileged") : List.of("device_cgroup_rules");
    }
    Set<String> all = new TreeSet<>();
    service.fieldNames().forEachRemaining(all::add);
    all.removeAll(KEPT);
    all.removeAll(Set.of("image", "pull_policy", "command", "network_mode"));
    return List.copyOf(all);
  }

  private static String reason(String said) {
    return said.replaceAll("^.*?(?=Error response from daemon)", "")
        .replaceAll("^(creating|starting) container \\S+: ", "")
        .replaceAll(LAYERS, "")
        .replaceAll(": unknown\\.?$", "")
        .strip();
  }
}
