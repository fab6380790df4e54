package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds what the version that serves keeps and the next one does not mount: the next version would
 * start without it, as if it had been lost. The data itself goes along and stays. Blocks.
 */
public final class UnusedData {
  /** Walking a tree of millions of files takes minutes. */
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(20);

  /** Volumes that images declare: the next version's are not known before its images are there. */
  private static final String ANONYMOUS = "volumes/anon-";

  private final UpgradeContext context;

  UnusedData(UpgradeContext context) {
    this.context = context;
  }

  /** Sizes in bytes by name as in the compose file, such as {@code db} or {@code ./media}. */
  public Map<String, Long> find(Generation blue, VersionCheck next) {
    Capsule capsule = context.capsule(blue);
    List<String> unused =
        capsule.dataPaths(context.briefTimeout()).stream()
            .filter(path -> !isMounted(VolumeSettings.held(path), next))
            .toList();
    Map<String, Long> sizes = new TreeMap<>();
    capsule
        .sizes(unused, MEASURE_TIMEOUT)
        .forEach((path, size) -> sizes.put(VolumeSettings.shown(VolumeSettings.held(path)), size));
    return sizes;
  }

  /** Whether the next version mounts it, a folder that it is in, or a part of it. */
  private static boolean isMounted(String held, VersionCheck next) {
    if (held.startsWith(ANONYMOUS)) {
      return next.services().stream()
          .anyMatch(service -> held.startsWith(ANONYMOUS + service + "-"));
    }
    Path path = Path.of(held);
    return next.dataPaths().stream()
        .map(Path::of)
        .anyMatch(other -> path.startsWith(other) || other.startsWith(path));
  }

  /** What of it an upgrade with these options may leave unused. */
  public Set<String> accepted(DataOptions options) {
    Set<String> accepted = new HashSet<>(context.dataSettings().acceptUnused());
    accepted.addAll(options.acceptUnused());
    return accepted;
  }

  /** Describes it in one line: {@code v2 does not mount what v1 keeps: db (1.2 GB)}. */
  public static String describe(Generation blue, String version, Map<String, Long> unused) {
    return "%s does not mount what %s keeps: %s"
        .formatted(
            version,
            blue.version(),
            unused.entrySet().stream()
                .map(each -> "%s (%s)".formatted(each.getKey(), HumanText.bytes(each.getValue())))
                .collect(Collectors.joining(", ")));
  }

  /** What to do about data that would be left unused. */
  public static String advice(Set<String> names) {
    return "mount it in that version, or accept that it goes unused with %s, or with data.accept-unused = [%s] in stack.conf"
        .formatted(
            names.stream().map(name -> "--accept-unused " + name).collect(Collectors.joining(" ")),
            names.stream()
                .map(name -> name.startsWith("./") ? "\"" + name + "\"" : name)
                .collect(Collectors.joining(", ")));
  }

  /**
   * Refuses an upgrade that would leave data unused without leave to do so.
   *
   * @return one line with what is left unused; empty when that is nothing
   */
  public String require(UpgradeRun run) {
    VersionCheck next = run.check;
    if (run.blue == null || run.previous != null || next == null) {
      return "";
    }
    Map<String, Long> unused = find(run.blue(), next);
    if (unused.isEmpty()) {
      return "";
    }
    List<String> missing = new ArrayList<>(unused.keySet());
    missing.removeAll(accepted(DataOptions.ofRun(context, run.id())));
    String line = describe(run.blue(), run.record.toVersion(), unused);
    if (!missing.isEmpty()) {
      throw new RefusedException(line + ": " + advice(new TreeSet<>(missing)));
    }
    return line + ", as accepted";
  }
}
