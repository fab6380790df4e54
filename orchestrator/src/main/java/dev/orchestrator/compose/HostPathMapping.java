package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.GrantSettings.HostPath;
import dev.orchestrator.settings.HostPathRules;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Maps paths of the host that services mount: those that stack.conf grants are below /host in the
 * capsule; devices, the time zone and the Docker engine's socket have places of their own. All
 * others are refused with the line that grants them.
 */
final class HostPathMapping {
  /** The time zone's files, which the capsule writes at its start. */
  private static final String ZONE = "/var/lib/capsule/zone/";

  /** The capsule's engine for those who may only ask it. */
  private static final String READ_SOCKET = "/run/capsule/engine.sock";

  private static final String SOCKET = "/run/docker.sock";
  private static final String SOCKET_NAME = "docker.sock";
  private static final Path DEVICES = Path.of("/dev");

  private final ComposeFindings findings;
  private final GrantSettings grants;
  private final HostFacts host;
  private final Map<String, String> forbidden;
  private final RightsMapping rights;
  private final Map<HostPath, Set<String>> used =
      new TreeMap<>((a, b) -> a.path().compareTo(b.path()));
  private boolean zone;

  /** Services that have the capsule's engine's socket, with its place in each. */
  private final Set<String> sockets = new TreeSet<>();

  HostPathMapping(
      ComposeFindings findings,
      GrantSettings grants,
      HostFacts host,
      CapsuleRights capsule,
      RightsMapping rights) {
    this.findings = findings;
    this.grants = grants;
    this.host = host;
    this.forbidden = capsule.forbidden();
    this.rights = rights;
  }

  /** Changes a mount of type bind if its source is the host's and may be used; tells whether. */
  boolean mount(String user, ObjectNode mount, Path source) {
    String text = source.toString();
    if (HostQuestions.ZONE_FILES.contains(text)) {
      zone = true;
      mount.put("source", ZONE + source.getFileName()).put("read_only", true);
      return true;
    }
    if (source.startsWith(DEVICES) && !source.equals(DEVICES)) {
      rights.requireDevice(user, "volumes", source);
      mount.put("source", ComposeModel.escaped(text));
      return true;
    }
    if (isSocket(source) && grants.dockerSocket() != DockerSocket.NONE) {
      sockets.add(user + ": " + mount.path("target").asText(""));
      mount.put("source", grants.dockerSocket() == DockerSocket.INNER ? READ_SOCKET : SOCKET);
      return true;
    }
    boolean readOnly = mount.path("read_only").asBoolean();
    boolean made = mount.at("/bind/create_host_path").asBoolean();
    Optional<String> mapped = granted(user, source, readOnly, made);
    mapped.ifPresent(path -> {
      mount.put("source", ComposeModel.escaped(path));
      checkPropagation(user, source, mount.at("/bind/propagation").asText(""));
      if (!readOnly && HostQuestions.granted(grants, source).orElseThrow().readOnly()) {
        mount.put("read_only", true);
        findings.warn(
            "%s mounts %s to write to it, and data.host-paths in stack.conf has it with mode ro: it is read-only"
                .formatted(user, source));
      }
    });
    return mapped.isPresent();
  }

  /**
   * The place in the capsule of a path that stack.conf grants; empty when it grants none.
   *
   * @param readOnly whether the user only reads
   * @param made whether it is created when it is missing
   */
  Optional<String> granted(String user, Path source, boolean readOnly, boolean made) {
    Optional<HostPath> grant = HostQuestions.granted(grants, source);
    if (grant.isEmpty() || isSocket(source)) {
      return Optional.empty();
    }
    HostPath path = grant.get();
    String reason = forbidden(Path.of(path.path()));
    if (!reason.isEmpty()) {
      findings.refuse(
          "data.host-paths in stack.conf has %s, which %s: no stack may have it"
              .formatted(path.path(), reason));
    } else if (!host.paths().containsKey(path.path())) {
      findings.refuse(
          "data.host-paths in stack.conf has %s, which isn't there on the engine's host: create it first"
              .formatted(path.path()));
    } else if (!host.paths().containsKey(source.toString()) && (!made || path.readOnly())) {
      findings.refuse(
          "%s uses %s of the host, which isn't there: create it first".formatted(user, source));
    }
    used.computeIfAbsent(path, key -> new TreeSet<>()).add(user);
    return Optional.of(HostGrants.FOLDER + source);
  }

  /** Mounts that come later go from the host to the capsule alone, unless the host's are shared. */
  private void checkPropagation(String user, Path source, String propagation) {
    String path = HostQuestions.granted(grants, source).orElseThrow().path();
    if (propagation.endsWith("shared") && !"rshared".equals(host.paths().get(path))) {
      findings.refuse(
          user,
          "bind.propagation",
          "%s of %s is not possible, as the host's mount of it is not shared: write rslave, or leave it out"
              .formatted(propagation, source));
    }
  }

  /** Refuses a path of the host that stack.conf doesn't grant, with the line that does. */
  void refuse(String user, Path source, boolean readOnly) {
    String advice =
        "use a named volume or a path relative to the compose file, and copy the data there";
    String reason = forbidden(source);
    if (isSocket(source)) {
      findings.refuse(
          "%s uses %s, the Docker engine's socket: add to stack.conf: docker-socket = inner (the capsule's own engine, which then only answers questions; inner-write: it starts containers too)"
              .formatted(user, source));
    } else if (!reason.isEmpty()) {
      findings.refuse(
          "%s uses %s of the host, which %s: no stack may have it; %s"
              .formatted(user, source, reason, advice));
    } else {
      findings.refuse(
          "%s uses %s of the host: add to stack.conf: data.host-paths += { path = \"%s\", mode = %s }; or %s"
              .formatted(user, source, source, readOnly ? "ro" : "rw", advice));
    }
  }

  private String forbidden(Path path) {
    String reason = HostPathRules.refusal(path);
    for (Map.Entry<String, String> folder : forbidden.entrySet()) {
      if (reason.isEmpty()) {
        reason = HostPathRules.overlap(path, Path.of(folder.getKey()), folder.getValue());
      }
    }
    return reason;
  }

  private static boolean isSocket(Path source) {
    return source.getFileName() != null && source.endsWith(SOCKET_NAME);
  }

  /** To be called once all mounts are mapped: says what is shared by versions. */
  void finish() {
    used.forEach((path, users) ->
        findings.warn(
            "%s of the host (%s, %s): both versions use the same files, which are neither copied nor rolled back"
                .formatted(path.path(), path.readOnly() ? "ro" : "rw", String.join(", ", users))));
    for (HostPath path : grants.hostPaths()) {
      if (!used.containsKey(path)) {
        findings.warn(
            "no service of this version mounts %s of the host, which data.host-paths has"
                .formatted(path.path()));
      }
    }
    if (zone && host.zone().isEmpty()) {
      findings.warn(
          "the host's time zone is not one of those that capsules know: services that mount"
              + " /etc/localtime or /etc/timezone have UTC; write TZ into their environment");
    }
    for (String socket : sockets) {
      findings.warn(
          socket
              + (grants.dockerSocket() == DockerSocket.INNER
                  ? " is the socket of the capsule's own engine (docker-socket = inner): every user"
                      + " may ask, and nobody may change anything"
                  : " is the socket of the capsule's own engine (docker-socket = inner-write), for"
                      + " every user; containers that are started there end with this version"));
    }
  }

  /** The paths that the capsule needs. */
  List<HostGrants.Path> paths() {
    return used.keySet().stream()
        .map(path ->
            new HostGrants.Path(
                path.path(), path.readOnly(), host.paths().getOrDefault(path.path(), "rprivate")))
        .toList();
  }

  /** The host's time zone; empty when no service asks for it. */
  String zone() {
    return zone ? host.zone() : "";
  }

  /** What the capsule offers its services as the Docker socket. */
  DockerSocket socket() {
    return sockets.isEmpty() ? DockerSocket.NONE : grants.dockerSocket();
  }
}
