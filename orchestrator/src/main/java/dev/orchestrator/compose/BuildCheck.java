package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.Dockerfile;
import dev.orchestrator.engine.Dockerfile.Problem;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Refuses build sections and Dockerfiles that can't be built here: where this host has no BuildKit,
 * what the engine's classic builder can't do, or would build into another image than BuildKit does,
 * which plain Compose builds with.
 */
final class BuildCheck {
  /** Keys that change nothing of the image, or only where BuildKit keeps what it has made. */
  private static final Set<String> IGNORED =
      Set.of(
          "cache_from",
          "cache_to",
          "isolation",
          "no_cache",
          "no_cache_filter",
          "provenance",
          "pull",
          "sbom",
          "tags");

  private static final Set<String> PASSED_ON =
      Set.of(
          "args",
          "context",
          "dockerfile",
          "extra_hosts",
          "labels",
          "network",
          "platforms",
          "shm_size",
          "target",
          "ulimits");

  private static final String BEFOREHAND = "build the image beforehand and name it with 'image:'";

  private static final String NO_BUILDKIT =
      "this needs BuildKit (install docker-buildx on this host and restart the service), since the"
          + " engine's classic builder can't do it";

  private final ComposeFindings findings;
  private final Path stackFolder;
  private final Platform platform;
  private final boolean buildKit;
  private final boolean hostNetwork;

  /**
   * Checks for an engine.
   *
   * @param hostNetwork whether a build may use the host's network
   */
  BuildCheck(ComposeFindings findings, Path stackFolder, EngineInfo engine, boolean hostNetwork) {
    this.findings = findings;
    this.stackFolder = stackFolder;
    this.platform = engine.platform();
    this.buildKit = engine.buildKit();
    this.hostNetwork = hostNetwork;
  }

  /** Whether a build asks for the host's network. */
  static boolean asksForHostNetwork(ObjectNode service) {
    return service.at("/build/network").asText("").equals("host");
  }

  /** Checks the build section of a service. */
  void check(ComposeModel model, BuiltImages builds, String service) {
    JsonNode build = BuildSource.section(model, service);
    String where = "service " + service;
    keys(where, build);
    if (!BuildSource.context(build).startsWith(model.stackFolder())) {
      findings.refuse(
          "%s: its build context %s is not a folder below %s: move it there"
              .formatted(where, build.path("context").asText(), stackFolder));
      return;
    }
    Path folder = BuildSource.folder(model, stackFolder, build);
    String dockerfile = BuildSource.dockerfile(build);
    Path file = folder.resolve(dockerfile).normalize();
    if (!file.startsWith(folder)) {
      findings.refuse(
          "%s: its %s is outside its build context %s: move it there"
              .formatted(where, dockerfile, folder));
    } else if (!build.has("dockerfile_inline") && !Files.isRegularFile(file)) {
      findings.refuse(
          "%s: there is no %s in its build context %s".formatted(where, dockerfile, folder));
    } else if (!build.has("dockerfile_inline")) {
      try {
        BuildSource source = BuildSource.of(model, stackFolder, service, hostNetwork);
        dockerfile(where, service, source, Dockerfile.read(file), builds);
      } catch (IOException e) {
        findings.refuse("%s: %s can't be read: %s".formatted(where, file, e.getMessage()));
      }
    }
  }

  private void keys(String where, JsonNode build) {
    build
        .properties()
        .forEach(property -> {
          String key = property.getKey();
          JsonNode value = property.getValue();
          boolean empty =
              value.isNull()
                  || (value.isContainerNode() && value.isEmpty())
                  || (value.isBoolean() && !value.asBoolean());
          if (!PASSED_ON.contains(key)
              && !IGNORED.contains(key)
              && !key.startsWith("x-")
              && !empty) {
            findings.refuse("%s: build.%s is not done here: %s".formatted(where, key, BEFOREHAND));
          }
        });
    if (build.has("ulimits")) {
      findings.warn(
          "%s: build.ulimits: the classic builder has none: its commands have the engine's limits"
              .formatted(where));
    }
    List<String> platforms = ComposeModel.texts(build.path("platforms"));
    if (!platforms.isEmpty() && platforms.stream().noneMatch(platform::is)) {
      findings.refuse(
          where, "build.platforms", "this engine's images are for %s: add it".formatted(platform));
    }
    network(where, ComposeModel.text(build.path("network")));
  }

  private void network(String where, String network) {
    if (network.equals("host") && !hostNetwork) {
      findings.warn(
          "%s: build.network: host: it is built in the engine's usual network; security.host-network = true in stack.conf gives it the host's"
              .formatted(where));
    } else if (!Set.of("", "default", "none", "host").contains(network)) {
      findings.refuse(
          where,
          "build.network",
          "%s: a build has only the network default, host or none".formatted(network));
    }
  }

  private void dockerfile(
      String where, String service, BuildSource source, Dockerfile file, BuiltImages builds) {
    List<Problem> problems = new ArrayList<>(file.problems(buildKit));
    problems.addAll(file.otherPlatforms(source.args(), platform));
    for (Problem problem : problems) {
      findings.refuse(
          "%s: %s:%d: %s: %s; or %s"
              .formatted(
                  where,
                  source.context().resolve(source.dockerfile()),
                  problem.line(),
                  buildKit ? "it can't be built here" : NO_BUILDKIT,
                  problem.text(),
                  BEFOREHAND));
    }
    for (String base : file.bases(source.args(), platform)) {
      builds
          .builder(base)
          .filter(builder -> !builder.equals(service))
          .ifPresent(builder ->
              findings.warn(
                  "%s: its Dockerfile starts from %s, which service %s builds, too: it gets the image that this host or a registry has under that name; make it a stage of the same Dockerfile"
                      .formatted(where, base, builder)));
    }
  }
}
