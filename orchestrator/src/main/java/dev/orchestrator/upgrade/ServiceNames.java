package dev.orchestrator.upgrade;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalContainer;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.Hook;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks that the services exist which {@code data.services} and {@code data.hooks} name: a
 * mistyped name would have no effect, or would be found while clients wait. Blocks.
 */
public final class ServiceNames {
  private ServiceNames() {}

  /**
   * Checks the names against the version that serves and the next: a service that one of them has
   * is well.
   *
   * @throws RefusedException naming all wrong ones
   */
  public static void require(
      UpgradeContext context, Generation blue, VersionCheck next, String version) {
    if (namesNone(context.dataSettings())) {
      return;
    }
    Set<String> known = new TreeSet<>(next.services());
    context.capsule(blue).services(context.briefTimeout()).stream()
        .map(InnerService::service)
        .forEach(known::add);
    require(context.dataSettings(), known, blue.version(), version);
  }

  /** The same for the project that is adopted and the version that it becomes. */
  public static void require(
      UpgradeContext context, Original original, VersionCheck next, String version) {
    if (namesNone(context.dataSettings())) {
      return;
    }
    Set<String> known = new TreeSet<>(next.services());
    original.containers().stream().map(OriginalContainer::service).forEach(known::add);
    require(context.dataSettings(), known, "project " + original.project(), version);
  }

  private static boolean namesNone(DataSettings data) {
    return data.services().isEmpty() && data.hooks().isEmpty();
  }

  private static void require(DataSettings data, Set<String> known, String before, String version) {
    List<String> wrong = findUnknown(data, known);
    if (!wrong.isEmpty()) {
      throw new RefusedException(
          "%s: neither %s nor %s has such a service; there are: %s"
              .formatted(String.join(", ", wrong), before, version, String.join(", ", known)));
    }
  }

  private static List<String> findUnknown(DataSettings data, Set<String> known) {
    List<String> wrong = new ArrayList<>();
    for (String name : new TreeSet<>(data.services().keySet())) {
      if (!known.contains(name)) {
        wrong.add("data.services names \"%s\"".formatted(name));
      }
    }
    for (int i = 0; i < data.hooks().size(); i++) {
      Hook hook = data.hooks().get(i);
      if (!known.contains(hook.service())) {
        wrong.add("data.hooks[%d] names \"%s\"".formatted(i, hook.service()));
      }
    }
    return wrong;
  }
}
