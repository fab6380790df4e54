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

/**
 * Finds files that services keep outside their volumes, which the next version would not have, and
 * says what to add to the compose file to keep them. Reads only; blocks.
 */
final class OutsideState {
  private static final Duration CAPSULE_TIMEOUT = Duration.ofMinutes(2);

  /** Warnings of a plan; nobody reads more. */
  private static final int MAX_WARNINGS = 20;

  /** Advice for a file beside the image's own: a volume on a file isn't possible. */
  private static final String NO_VOLUME =
      "let the service write to a folder of its own, as the image has files beside it, and mount a"
          + " volume there";

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
          .computeIfAbsent(
              path.service()
                  + (path.mountPoint().isEmpty()
                      ? " in " + parent(path)
                      : " at " + path.mountPoint()),
              key -> new ArrayList<>())
          .add(path);
    }
    return byPlace.values().stream().map(OutsideState::toPlace).toList();
  }

  private static DoctorReport.Outside toPlace(List<OutsidePath> paths) {
    OutsidePath first = paths.getFirst();
    return new DoctorReport.Outside(
        first.service(),
        place(paths),
        paths.stream().map(OutsidePath::path).toList(),
        paths.stream().mapToLong(OutsidePath::bytes).sum(),
        advice(first));
  }

  /** The mount point for a volume; else the file, or the folder that several are in. */
  private static String place(List<OutsidePath> paths) {
    OutsidePath first = paths.getFirst();
    if (!first.mountPoint().isEmpty()) {
      return first.mountPoint();
    }
    return paths.size() == 1 ? first.path() : parent(first);
  }

  private static String parent(OutsidePath path) {
    return path.path().substring(0, Math.max(1, path.path().lastIndexOf('/')));
  }

  /** The lines for the compose file; where no volume fits, what to do instead. */
  private static String advice(OutsidePath path) {
    String mountPoint = path.mountPoint();
    if (mountPoint.isEmpty()) {
      return NO_VOLUME;
    }
    String name =
        (path.service() + mountPoint).replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
    return "services.%s.volumes: [\"%s:%s\"], volumes: {%s: {}}"
        .formatted(path.service(), name, mountPoint, name);
  }

  /** Describes the places for a plan, a line each. */
  List<String> describe(Generation generation) {
    List<DoctorReport.Outside> places = find(generation);
    List<String> lines = new ArrayList<>();
    for (DoctorReport.Outside place : places.subList(0, Math.min(MAX_WARNINGS, places.size()))) {
      lines.add(
          "service %s keeps %s in %s, outside its volumes, which the new version won't have: if it matters, %s"
              .formatted(
                  place.service(),
                  HumanText.bytes(place.bytes()),
                  place.folder(),
                  (place.add().equals(NO_VOLUME) ? "" : "add ") + place.add()));
    }
    if (places.size() > MAX_WARNINGS) {
      lines.add(
          "and %d more such places: see 'orchestrator doctor'"
              .formatted(places.size() - MAX_WARNINGS));
    }
    return lines;
  }
}
