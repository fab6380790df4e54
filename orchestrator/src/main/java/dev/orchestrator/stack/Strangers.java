package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import java.util.List;

/** Data of this stack that the journal doesn't know. */
final class Strangers {
  private Strangers() {}

  /** A journal that knows nothing, and data on the engine: never begun anew over it. */
  static void refuse(UpgradeContext parts, ResourceNames names) {
    List<String> known =
        parts.journal().generations().stream()
            .flatMap(row -> row.generation().volumes().stream())
            .flatMap(volume -> volume.needs().stream())
            .toList();
    parts.engine().volumes(names.ours()).stream()
        .filter(volume -> "data".equals(volume.labels().get(Labels.ROLE)))
        .filter(volume -> !known.contains(volume.name()))
        .findFirst()
        .ifPresent(volume -> {
          throw new RefusedException(
              "there is data of this stack (volume %s) that the journal in %s doesn't know: put a copy of the journal back, or remove what is there with 'docker rm -f' and 'docker volume rm'"
                  .formatted(volume.name(), parts.settings().home()));
        });
  }
}
