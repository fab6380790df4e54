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

/** What services keep outside their volumes, and what to write into the compose file about it. */
final class OutsideState {
  private static final Duration LOOK = Duration.ofMinutes(2);

  /** More would be read by nobody. */
  private static final int MOST = 20;

  /** Where the image has files of its own, which an empty volume would hide. */
  private static final Set<String> SYSTEM =
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

  /** The largest first. */
  List<DoctorReport.Outside> places(Generation generation) {
    List<OutsidePath> all =
        context.capsule(generation).outside(context.settings().stack().data().ignore(), LOOK);
    Map<String, List<OutsidePath>> byPlace = new LinkedHashMap<>();
    for (OutsidePath each : all) {
      byPlace
          .computeIfAbsent(each.service() + ":" + folder(each), key -> new ArrayList<>())
          .add(each);
    }
    return byPlace.values().stream().map(OutsideState::place).toList();
  }

  private static DoctorReport.Outside place(List<OutsidePath> there) {
    OutsidePath first = there.getFirst();
    return new DoctorReport.Outside(
        first.service(),
        folder(first),
        there.stream().map(OutsidePath::path).toList(),
        there.stream().mapToLong(OutsidePath::bytes).sum(),
        mount(first.service(), folder(first)));
  }

  /**
   * A folder that is new as a whole, or the one that a file is in unless the image's own are too.
   */
  private static String folder(OutsidePath each) {
    String parent = each.path().substring(0, Math.max(1, each.path().lastIndexOf('/')));
    return each.folder() || SYSTEM.contains(parent) ? each.path() : parent;
  }

  /** A named volume; of a single file beside the image's own a bind mount. */
  private static String mount(String service, String place) {
    String parent = place.substring(0, Math.max(1, place.lastIndexOf('/')));
    String name = (service + place).replaceAll("[^A-Za-z0-9]+", "-").replaceAll("^-|-$", "");
    return SYSTEM.contains(parent) && place.substring(parent.length()).contains(".")
        ? "services.%s.volumes: [\"./%s%s:%s\"]".formatted(service, service, place, place)
        : "services.%s.volumes: [\"%s:%s\"], volumes: {%s: {}}"
            .formatted(service, name, place, name);
  }

  List<String> warnings(Generation generation) {
    List<DoctorReport.Outside> places = places(generation);
    List<String> lines = new ArrayList<>();
    for (DoctorReport.Outside place : places.subList(0, Math.min(MOST, places.size()))) {
      lines.add(
          "service %s keeps %s in %s, outside its volumes, which the new version won't have: if it matters, add %s"
              .formatted(
                  place.service(), HumanText.bytes(place.bytes()), place.folder(), place.add()));
    }
    if (places.size() > MOST) {
      lines.add(
          "and %d more such places: see 'orchestrator doctor'".formatted(places.size() - MOST));
    }
    return lines;
  }
}
