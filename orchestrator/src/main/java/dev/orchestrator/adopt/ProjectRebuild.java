package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.ContainerDetails.Port;
import dev.orchestrator.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * Makes a compose file of a project's containers, for a project whose files are gone. What an image
 * sets itself is left out. Values of variables that look like secrets go into {@code .env}.
 */
final class ProjectRebuild {
  private final Engine engine;
  private final Project project;
  private final Map<String, Object> volumes = new TreeMap<>();
  private final Map<String, Object> networks = new TreeMap<>();
  private final Map<String, String> secrets = new TreeMap<>();
  private final List<String> notes = new ArrayList<>();

  ProjectRebuild(Engine engine, Project project) {
    this.engine = engine;
    this.project = project;
  }

  /** About what could not be rebuilt; complete once it is written. */
  List<String> notes() {
    return notes;
  }

  /** Writes {@code compose.yaml} and, where there are secrets, {@code .env} into a folder. */
  Path write(Path folder) {
    try {
      Files.createDirectories(folder);
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      Path file = folder.resolve("compose.yaml");
      Files.writeString(file, text());
      StringBuilder env = new StringBuilder();
      secrets.forEach(
          (name, value) -> env.append(name).append('=').append(EnvText.quoted(value)).append('\n'));
      Files.deleteIfExists(folder.resolve(".env"));
      if (!secrets.isEmpty()) {
        Files.writeString(folder.resolve(".env"), env);
        Files.setPosixFilePermissions(
            folder.resolve(".env"), PosixFilePermissions.fromString("rw-------"));
      }
      return file;
    } catch (IOException e) {
      throw new RefusedException(
          "can't write the compose file of project %s into %s: %s"
              .formatted(project.name(), folder, e.getMessage()),
          e);
    }
  }

  String text() {
    Map<String, Object> services = new TreeMap<>();
    for (String service : project.services()) {
      project.container(service).ifPresent(found -> services.put(service, service(found)));
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("services", services);
    if (!volumes.isEmpty()) {
      root.put("volumes", volumes);
    }
    if (!networks.isEmpty()) {
      root.put("networks", networks);
    }
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    return "# Made from the containers of the project %s: its own files were gone.\n%s"
        .formatted(project.name(), new Yaml(options).dump(root));
  }

  private Map<String, Object> service(ContainerDetails container) {
    JsonNode config = container.raw().path("Config");
    JsonNode host = container.raw().path("HostConfig");
    JsonNode image =
        engine.imageConfig(container.imageId()).orElseGet(JsonNodeFactory.instance::objectNode);
    Map<String, Object> made = new LinkedHashMap<>();
    made.put("image", escaped(container.image()));
    String name = container.name();
    if (!name.matches(".*[-_]\\Q%s\\E[-_][0-9]+".formatted(Project.service(container)))) {
      made.put("container_name", name);
    }
    String hostName = config.path("Hostname").asText("");
    if (!hostName.isEmpty()
        && !container.id().startsWith(hostName)
        && !container.networkMode().matches("host|container:.*")) {
      made.put("hostname", escaped(hostName));
    }
    put(made, "user", config, image, "User");
    put(made, "working_dir", config, image, "WorkingDir");
    words(made, "entrypoint", config.path("Entrypoint"), image.path("Entrypoint"));
    words(made, "command", config.path("Cmd"), image.path("Cmd"));
    environment(made, container, image);
    labels(made, container, image);
    mounts(made, container, host);
    ports(made, container);
    network(made, container);
    if (!container.restartPolicy().equals("no")) {
      made.put("restart", container.restartPolicy());
    }
    health(made, config.path("Healthcheck"), image.path("Healthcheck"));
    dependencies(made, container);
    rights(made, host);
    limits(made, host, config);
    long there =
        project.containers().stream()
            .filter(other -> Project.service(other).equals(Project.service(container)))
            .count();
    if (there > 1) {
      made.put("scale", Math.toIntExact(there));
    }
    return made;
  }

  private static void put(
      Map<String, Object> made, String key, JsonNode config, JsonNode image, String field) {
    String value = config.path(field).asText("");
    if (!value.isEmpty() && !value.equals(image.path(field).asText(""))) {
      made.put(key, escaped(value));
    }
  }

  private static void words(Map<String, Object> made, String key, JsonNode own, JsonNode image) {
    if (!own.isEmpty() && !own.equals(image)) {
      made.put(key, texts(own));
    }
  }

  private void environment(Map<String, Object> made, ContainerDetails container, JsonNode image) {
    Set<String> ofImage = new HashSet<>(texts(image.path("Env")));
    Map<String, Object> env = new TreeMap<>();
    for (String line : container.env()) {
      String[] parts = line.split("=", 2);
      if (ofImage.contains(escaped(line)) || parts.length < 2) {
        continue;
      }
      if (ShellVariable.isSecret(parts[0], parts[1]) && parts[0].matches("[A-Za-z_]\\w*")) {
        String known = secrets.get(parts[0]);
        String variable =
            known == null || known.equals(parts[1])
                ? parts[0]
                : (Project.service(container) + "_" + parts[0]).replaceAll("\\W", "_");
        secrets.put(variable, parts[1]);
        env.put(parts[0], "${" + variable + "}");
      } else {
        env.put(parts[0], escaped(parts[1]));
      }
    }
    if (!env.isEmpty()) {
      made.put("environment", env);
    }
  }

  private static void labels(Map<String, Object> made, ContainerDetails container, JsonNode image) {
    Map<String, Object> labels = new TreeMap<>();
    container
        .labels()
        .forEach((name, value) -> {
          if (!name.startsWith(ComposeLabels.PREFIX)
              && !value.equals(image.path("Labels").path(name).asText(null))) {
            labels.put(name, escaped(value));
          }
        });
    if (!labels.isEmpty()) {
      made.put("labels", labels);
    }
  }

  private void mounts(Map<String, Object> made, ContainerDetails container, JsonNode host) {
    List<Object> mounts = new ArrayList<>();
    for (MountPoint mount : container.mounts()) {
      Map<String, Object> one = new LinkedHashMap<>();
      if (mount.type().equals("bind")) {
        one.put("type", "bind");
        one.put("source", escaped(mount.source()));
      } else if (mount.type().equals("volume")) {
        if (mount.source().matches("[0-9a-f]{64}")) {
          one.put("type", "volume"); // without a name
        } else {
          one.put("type", "volume");
          one.put("source", volume(mount.source()));
        }
      } else {
        continue; // tmpfs is below
      }
      one.put("target", escaped(mount.target()));
      if (mount.readOnly()) {
        one.put("read_only", true);
      }
      mounts.add(one);
    }
    if (!mounts.isEmpty()) {
      made.put("volumes", mounts);
    }
    List<Object> tmpfs = new ArrayList<>();
    host.path("Tmpfs")
        .properties()
        .forEach(entry ->
            tmpfs.add(
                escaped(
                    entry.getKey()
                        + (entry.getValue().asText("").isEmpty()
                            ? ""
                            : ":" + entry.getValue().asText("")))));
    if (!tmpfs.isEmpty()) {
      made.put("tmpfs", tmpfs);
    }
  }

  /** The name of a volume in the compose file. */
  private String volume(String name) {
    String key =
        engine
            .volume(name)
            .filter(volume -> project.name().equals(volume.labels().get(ComposeLabels.PROJECT)))
            .map(volume -> volume.labels().getOrDefault(ComposeLabels.VOLUME, ""))
            .filter(found -> !found.isEmpty())
            .orElse(name);
    volumes.put(key, new TreeMap<>(Map.of("name", name)));
    return key;
  }

  private static void ports(Map<String, Object> made, ContainerDetails container) {
    Set<String> ports = new TreeSet<>();
    for (Port port : container.ports()) {
      if (port.hostPort() > 0 && !port.hostAddress().equals("::")) {
        String address =
            port.hostAddress().equals("0.0.0.0")
                ? ""
                : (port.hostAddress().contains(":")
                        ? "[" + port.hostAddress() + "]"
                        : port.hostAddress())
                    + ":";
        ports.add(
            "%s%d:%d%s"
                .formatted(
                    address,
                    port.hostPort(),
                    port.containerPort(),
                    port.protocol().equals("udp") ? "/udp" : ""));
      }
    }
    if (!ports.isEmpty()) {
      made.put("ports", List.copyOf(ports));
    }
  }

  private void network(Map<String, Object> made, ContainerDetails container) {
    String mode = container.networkMode();
    if (mode.equals("host") || mode.equals("none")) {
      made.put("network_mode", mode);
      return;
    }
    if (mode.startsWith("container:")) {
      String id = mode.substring("container:".length());
      String owner =
          project.containers().stream()
              .filter(other -> other.id().equals(id) || other.name().equals(id))
              .map(Project::service)
              .findFirst()
              .orElse("");
      made.put("network_mode", owner.isEmpty() ? mode : "service:" + owner);
      return;
    }
    List<String> names = new ArrayList<>();
    for (String network : container.networks()) {
      String key = network.replaceFirst("^" + project.name() + "_", "");
      names.add(key);
      if (!key.equals("default") && !key.equals("bridge")) {
        networks.put(key, new TreeMap<>());
      }
    }
    names.remove("bridge");
    if (!names.equals(List.of("default")) && !names.isEmpty()) {
      made.put("networks", names);
    }
  }

  private static void health(Map<String, Object> made, JsonNode own, JsonNode image) {
    if (own.path("Test").isEmpty() || own.equals(image)) {
      return;
    }
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("test", texts(own.path("Test")));
    Map.of("interval", "Interval", "timeout", "Timeout", "start_period", "StartPeriod")
        .forEach((key, field) -> {
          long nanos = own.path(field).asLong(0);
          if (nanos > 0) {
            check.put(key, nanos / 1_000_000 + "ms");
          }
        });
    if (own.path("Retries").asInt(0) > 0) {
      check.put("retries", own.path("Retries").asInt());
    }
    made.put("healthcheck", check);
  }

  private static void dependencies(Map<String, Object> made, ContainerDetails container) {
    Map<String, Object> dependencies = new TreeMap<>();
    for (String entry : container.label(ComposeLabels.DEPENDS_ON).split(",", -1)) {
      String[] parts = entry.split(":", -1);
      if (!parts[0].isBlank()) {
        dependencies.put(
            parts[0],
            new TreeMap<>(
                Map.of(
                    "condition",
                    parts.length > 1 && !parts[1].isBlank() ? parts[1] : "service_started")));
      }
    }
    if (!dependencies.isEmpty()) {
      made.put("depends_on", dependencies);
    }
  }

  private static void rights(Map<String, Object> made, JsonNode host) {
    if (host.path("Privileged").asBoolean()) {
      made.put("privileged", true);
    }
    list(made, "cap_add", host.path("CapAdd"));
    list(made, "cap_drop", host.path("CapDrop"));
    list(made, "extra_hosts", host.path("ExtraHosts"));
    list(made, "dns", host.path("Dns"));
    list(made, "dns_search", host.path("DnsSearch"));
    list(made, "group_add", host.path("GroupAdd"));
    list(made, "device_cgroup_rules", host.path("DeviceCgroupRules"));
    if (!host.path("Privileged").asBoolean()) {
      list(made, "security_opt", host.path("SecurityOpt"));
    }
    List<String> devices = new ArrayList<>();
    host.path("Devices")
        .forEach(device ->
            devices.add(
                escaped(
                    "%s:%s:%s"
                        .formatted(
                            device.path("PathOnHost").asText(),
                            device.path("PathInContainer").asText(),
                            device.path("CgroupPermissions").asText("rwm")))));
    if (!devices.isEmpty()) {
      made.put("devices", devices);
    }
    if (host.path("ReadonlyRootfs").asBoolean()) {
      made.put("read_only", true);
    }
    if (host.path("Init").asBoolean()) {
      made.put("init", true);
    }
    for (Map.Entry<String, String> mode : Map.of("pid", "PidMode", "uts", "UTSMode").entrySet()) {
      if (host.path(mode.getValue()).asText("").equals("host")) {
        made.put(mode.getKey(), "host");
      }
    }
    if (host.path("IpcMode").asText("").matches("host|shareable")) {
      made.put("ipc", host.path("IpcMode").asText());
    }
  }

  private static void limits(Map<String, Object> made, JsonNode host, JsonNode config) {
    if (host.path("Memory").asLong(0) > 0) {
      made.put("mem_limit", host.path("Memory").asLong());
    }
    if (host.path("NanoCpus").asLong(0) > 0) {
      made.put("cpus", host.path("NanoCpus").asLong() / 1e9);
    }
    if (host.path("PidsLimit").asLong(0) > 0) {
      made.put("pids_limit", host.path("PidsLimit").asLong());
    }
    long shm = host.path("ShmSize").asLong(0);
    if (shm > 0 && shm != 64L << 20) {
      made.put("shm_size", shm);
    }
    Map<String, Object> sysctls = new TreeMap<>();
    host.path("Sysctls")
        .properties()
        .forEach(entry -> sysctls.put(entry.getKey(), escaped(entry.getValue().asText(""))));
    if (!sysctls.isEmpty()) {
      made.put("sysctls", sysctls);
    }
    Map<String, Object> ulimits = new TreeMap<>();
    host.path("Ulimits")
        .forEach(limit ->
            ulimits.put(
                limit.path("Name").asText(),
                new TreeMap<>(
                    Map.of(
                        "soft",
                        limit.path("Soft").asLong(),
                        "hard",
                        limit.path("Hard").asLong()))));
    if (!ulimits.isEmpty()) {
      made.put("ulimits", ulimits);
    }
    if (!config.path("StopSignal").asText("").isEmpty()) {
      made.put("stop_signal", config.path("StopSignal").asText());
    }
    if (config.path("StopTimeout").asInt(0) > 0) {
      made.put("stop_grace_period", config.path("StopTimeout").asInt() + "s");
    }
    if (config.path("Tty").asBoolean()) {
      made.put("tty", true);
    }
    if (config.path("OpenStdin").asBoolean()) {
      made.put("stdin_open", true);
    }
  }

  private static void list(Map<String, Object> made, String key, JsonNode values) {
    if (!values.isEmpty()) {
      made.put(key, texts(values));
    }
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(item -> texts.add(escaped(item.asText())));
    return texts;
  }

  private static String escaped(String text) {
    return text.replace("$", "$$");
  }
}
