package dev.orchestrator.compose;

import dev.orchestrator.settings.Capabilities;
import java.util.Map;
import java.util.Set;

/**
 * What holds for every capsule of a service, whatever its stack's settings say.
 *
 * @param capabilities of a capsule without any grant
 * @param forbidden folders of the host that no service may have, each with what it is, such as "the
 *     orchestrator's state folder"
 */
public record CapsuleRights(Set<String> capabilities, Map<String, String> forbidden) {
  /** A container as Docker starts it by default. */
  static final CapsuleRights USUAL = new CapsuleRights(Set.copyOf(Capabilities.DEFAULT), Map.of());

  public CapsuleRights {
    capabilities = Set.copyOf(capabilities);
    forbidden = Map.copyOf(forbidden);
  }
}
