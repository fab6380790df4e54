package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.VolumeImport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Turns a release's compose model into the model that runs in a capsule: images have their names
 * inside, data is below /data, ports are where routes and probes find them. A model that a capsule
 * can't run is refused with the service's name and what to do. The given model is not changed.
 */
public final class ComposeTransform {
  /** Keys that were used while building, are contained in the model, or need a registry. */
  private static final List<String> DROPPED =
      List.of("build", "develop", "env_file", "profiles", "platform");

  private final StackSettings stack;
  private final HostFacts host;
  private final CapsuleRights rights;
  private final boolean startIntervals;

  /**
   * Transforms models of this stack, for a host of which nothing is known, and for the engine that
   * the capsules' own base image has.
   */
  public ComposeTransform(StackSettings stack) {
    this(stack, HostFacts.NONE, CapsuleRights.USUAL, true);
  }

  /**
   * Transforms models of this stack, for capsules of a host.
   *
   * @param rights of every capsule
   * @param startIntervals whether the inner engine and its Compose know a health check's start
   *     interval
   */
  public ComposeTransform(
      StackSettings stack, HostFacts host, CapsuleRights rights, boolean startIntervals) {
    this.stack = stack;
    this.host = host;
    this.rights = rights;
    this.startIntervals = startIntervals;
  }

  /**
   * Transforms a model.
   *
   * @param images by service; a service without an entry keeps the name of its image, which does
   *     for a check
   */
  public CapsuleStack apply(ComposeModel original, Map<String, InnerImage> images) {
    ComposeModel model = original.copy();
    ComposeFindings findings =
        new ComposeFindings(
            "version %s of stack %s".formatted(model.release().version(), stack.name()));
    model.refusals().forEach(findings::refuse);
    model.warnings().forEach(findings::warn);
    for (String unused : Replicas.removeUnused(model.root())) {
      findings.warn("service %s has no replicas (0): it is not run".formatted(unused));
    }
    Map<String, ObjectNode> services = model.services();
    if (services.isEmpty()) {
      findings.refuse("the compose file has no services");
      findings.throwIfRefused();
    }
    RightsMapping granted = new RightsMapping(findings, stack.grants(), host, rights, services);
    granted.apply();
    HostPathMapping hostPaths =
        new HostPathMapping(findings, stack.grants(), host, rights, granted);
    new NetworkMapping(findings, host.subnets()).apply(model);
    HostNetwork hostNetwork = new HostNetwork(findings, stack.grants().hostNetwork(), host);
    hostNetwork.apply(services, stack.routes());
    services.forEach((name, service) -> dropAbsent(findings, name, service, services.keySet()));
    PortMapping mapping = new PortMapping(findings, stack, services);
    Map<String, Integer> ports = mapping.apply();
    services.forEach((name, service) -> {
      service.remove(DROPPED);
      service.put("pull_policy", "never");
      InnerImage image = images.get(name);
      if (image != null) {
        service.put("image", image.reference());
      }
    });
    HealthCheckMapping checks = new HealthCheckMapping(findings, startIntervals, services.size());
    services.forEach((name, service) -> {
      InnerImage image = images.get(name);
      checks.map(name, service, image == null ? null : image.healthCheck());
    });
    DataMapping data =
        new DataMapping(
            findings,
            model,
            new VolumePaths(findings, stack.data().volumes()),
            stack.data().imports().stream().map(VolumeImport::volume).toList(),
            hostPaths);
    Map<String, List<String>> imageVolumes = new TreeMap<>();
    images.forEach((name, image) -> imageVolumes.put(name, image.volumes()));
    services.forEach((name, service) -> data.map(name, service, imageVolumes));
    data.finish();
    hostPaths.finish();
    findings.throwIfRefused();
    return new CapsuleStack(
        model.root(),
        data.dirs(),
        data.seedFiles(),
        data.variables(),
        ports,
        OneShotServices.of(services, stack),
        findings.warnings(),
        grants(granted, hostPaths, hostNetwork),
        hostPaths.socket());
  }

  private HostGrants grants(
      RightsMapping granted, HostPathMapping hostPaths, HostNetwork hostNetwork) {
    return new HostGrants(
        stack.grants().privileged(),
        Stream.concat(hostPaths.paths().stream(), hostNetwork.paths().stream()).toList(),
        granted.devices(),
        granted.deviceRules(),
        stack.grants().capabilities().stream().sorted().distinct().toList(),
        granted.limits(),
        hostPaths.zone());
  }

  /**
   * Drops optional dependencies on services that a profile leaves out. Compose does so at run time;
   * in the model that it prints they are still there.
   */
  private static void dropAbsent(
      ComposeFindings findings, String name, ObjectNode service, Set<String> services) {
    List<String> absent = new ArrayList<>();
    service.path("depends_on").fieldNames().forEachRemaining(absent::add);
    absent.removeAll(services);
    for (String other : absent) {
      if (service.path("depends_on").path(other).path("required").asBoolean(true)) {
        findings.refuse(
            "service " + name,
            "depends_on",
            "there is no service %s: add its profile to COMPOSE_PROFILES in .env, or write 'required: false'"
                .formatted(other));
      }
      ((ObjectNode) service.path("depends_on")).remove(other);
    }
  }
}
