package dev.orchestrator.report;

import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds files that services keep outside their volumes, which the next version would not have, and
 * says what to add to the compose file to keep them. Reads only; blocks.
 */
final class OutsideState {
  private static final Duration CAPSULE_TIMEOUT = Duration.ofMinutes(2);

  /** Warnings of a plan; nobody reads more. */
  private static final int MAX_WARNINGS = 20;

  /** Folders in which an image has its own files, which a volume mounted there would hide. */
  private static final Set<String> IMAGE_FOLDERS =
      Set.of(
          "/",
          "/etc",
          "/usr",
          "/usr/bin",
          "/usr/lib",
          "/usr/local",
          "/usr/share",
          "/var",
          "/var/lib",
          "/opt",
          "/root",
          "/home",
          "/srv");

  private final UpgradeContext context;

  OutsideState(UpgradeContext context) {
    this.context = context;
  }

  /** The places outside volumes that a generation's services write to, the largest first. */
  List<DoctorReport.Outside> find(Generation generation) {
    List<OutsidePath> paths =
        context
            .capsule(generation)
            .outside(context.settings().stack().data().ignore(), CAPSULE_TIMEOUT);
    Map<String, List<OutsidePath>> byPlace = new LinkedHashMap<>();
    for (OutsidePath path : paths) {
      byPlace
          .computeIfAbsent(path.service() + ":" + folderToMount(path), key -> new ArrayList<>())
          .add(path);
    }
    return byPlace.values().stream().map(OutsideState::toPlace).toList();
  }

  private static DoctorReport.Outside toPlace(List<OutsidePath> paths) {
    OutsidePath first = paths.getFirst();
    return new DoctorReport.Outside(
        first.service(),
        folderToMount(first),
        paths.stream().map(OutsidePath::path).toList(),
        paths.stream().mapToLong(OutsidePath::bytes).sum(),
        composeSnippet(first.service(), folderToMount(first)));
  }

  /**
   * The mount point for a volume: the path itself where it is a new folder or lies beside the
   * image's own files, otherwise its parent folder.
   */
  private static String folderToMount(OutsidePath path) {
    String parent = path.path().substring(0, Math.max(1, path.path().lastIndexOf('/')));
    return path.folder() || IMAGE_FOLDERS.contains(parent) ? path.path() : parent;
  }

  /**
   * The lines for the compose file: a named volume, or a bind mount for a file beside the image's
   * own.
   */
  private static String composeSnippet(String service, String mountPoint) {
    String parent = mountPoint.substring(0, Math.max(1, mountPoint.lastIndexOf('/')));
    String name = (service + mountPoint).replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
    return IMAGE_FOLDERS.contains(parent) && mountPoint.substring(parent.length()).contains(".")
        ? "services.%s.volumes: [\"./%s%s:%s\"]".formatted(service, service, mountPoint, mountPoint)
        : "services.%s.volumes: [\"%s:%s\"], volumes: {%s: {}}"
            .formatted(service, name, mountPoint, name);
  }

  /** Describes the places for a plan, a line each. */
  List<String> describe(Generation generation) {
    List<DoctorReport.Outside> places = find(generation);
    List<String> lines = new ArrayList<>();
    for (DoctorReport.Outside place : places.subList(0, Math.min(MAX_WARNINGS, places.size()))) {
      lines.add(
          "service %s keeps %s in %s, outside its volumes, which the new version won't have: if it matters, add %s"
              .formatted(
                  place.service(), HumanText.bytes(place.bytes()), place.folder(), place.add()));
    }
    if (places.size() > MAX_WARNINGS) {
      lines.add(
          "and %d more such places: see 'orchestrator doctor'"
              .formatted(places.size() - MAX_WARNINGS));
    }
    return lines;
  }
}
