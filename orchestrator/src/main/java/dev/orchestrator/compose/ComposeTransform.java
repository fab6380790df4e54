package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.StackSettings;
import java.util.List;
import java.util.Map;

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

  /** Transforms models of this stack, for a host of which nothing is known. */
  public ComposeTransform(StackSettings stack) {
    this(stack, HostFacts.NONE, CapsuleRights.USUAL);
  }

  /** Transforms models of this stack, for capsules of a host. */
  public ComposeTransform(StackSettings stack, HostFacts host, CapsuleRights rights) {
    this.stack = stack;
    this.host = host;
    this.rights = rights;
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
    Map<String, ObjectNode> services = model.services();
    if (services.isEmpty()) {
      findings.refuse("the compose file has no services");
      findings.throwIfRefused();
    }
    model
        .children("networks")
        .forEach((name, network) -> {
          if (network.path("external").asBoolean()) {
            findings.refuse(
                "network %s is external, and the capsule has none: remove 'external'"
                    .formatted(name));
          }
        });
    RightsMapping granted = new RightsMapping(findings, stack.grants(), host, rights, services);
    granted.apply();
    HostPathMapping hostPaths =
        new HostPathMapping(findings, stack.grants(), host, rights, granted);
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
    DataMapping data =
        new DataMapping(
            findings, model, new VolumePaths(findings, stack.data().volumes()), hostPaths);
    services.forEach((name, service) -> {
      InnerImage image = images.get(name);
      data.map(name, service, image == null ? List.of() : image.volumes());
    });
    data.finish();
    hostPaths.finish();
    findings.throwIfRefused();
    return new CapsuleStack(
        model.root(),
        data.dirs(),
        data.seedFiles(),
        ports,
        findings.warnings(),
        grants(granted, hostPaths),
        hostPaths.socket());
  }

  private HostGrants grants(RightsMapping granted, HostPathMapping hostPaths) {
    return new HostGrants(
        stack.grants().privileged(),
        hostPaths.paths(),
        granted.devices(),
        granted.deviceRules(),
        stack.grants().capabilities().stream().sorted().distinct().toList(),
        granted.limits(),
        hostPaths.zone());
  }
}
