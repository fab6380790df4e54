package dev.orchestrator.adopt;

import dev.orchestrator.adopt.DataSurvey.Measured;
import dev.orchestrator.adopt.Placement.Kind;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.settings.HostPathRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Decides what becomes of each path of the host that a project uses, and says why. */
final class Placements {
  /** From this size on, files that nobody changes are not copied at each upgrade. */
  static final long MEDIA = 1L << 30;

  /** So much of them must be media. */
  private static final double MOST = 0.9;

  private static final Set<String> ZONE = Set.of("/etc/localtime", "/etc/timezone");

  private static final List<String> SYSTEM =
      List.of(
          "/bin",
          "/boot",
          "/etc",
          "/lib",
          "/lib64",
          "/run",
          "/sbin",
          "/usr",
          "/var/log",
          "/var/run",
          "/var/cache");

  private final Path folder;
  private final Map<Path, List<MountUse>> uses = new TreeMap<>();
  private final DataSurvey.Found survey;
  private final Map<Path, Set<String>> others;
  private final long mediaSize;

  private Placements(
      Path folder, DataSurvey.Found survey, Map<Path, Set<String>> others, long mediaSize) {
    this.folder = folder;
    this.survey = survey;
    this.others = others;
    this.mediaSize = mediaSize;
  }

  /**
   * Decides.
   *
   * @param folder the project's
   * @param others paths that containers of other projects mount, with the names of these
   * @param mediaSize {@link #MEDIA}
   */
  static Map<Path, Placement> of(
      Path folder,
      List<MountUse> uses,
      DataSurvey.Found survey,
      Map<Path, Set<String>> others,
      long mediaSize) {
    Placements placements = new Placements(folder, survey, others, mediaSize);
    for (MountUse use : uses) {
      if (use.path() != null) {
        placements.uses.computeIfAbsent(use.path(), key -> new ArrayList<>()).add(use);
      }
    }
    Map<Path, Placement> decided = new TreeMap<>();
    placements.uses.keySet().forEach(path -> decided.put(path, placements.place(path)));
    return decided;
  }

  /** The paths that containers of other projects mount. */
  static Map<Path, Set<String>> others(List<ContainerDetails> all, Project project) {
    Map<Path, Set<String>> others = new TreeMap<>();
    for (ContainerDetails container : all) {
      if (!container.label(ComposeLabels.PROJECT).equals(project.name())) {
        for (MountPoint mount : container.mounts()) {
          if (mount.type().equals("bind") && mount.source().startsWith("/")) {
            others
                .computeIfAbsent(Path.of(mount.source()).normalize(), key -> new TreeSet<>())
                .add(container.name());
          }
        }
      }
    }
    return others;
  }

  /** Whether a path is measured and copied at all. */
  static boolean ordinary(Path path) {
    String name = String.valueOf(path.getFileName());
    return HostPathRules.refusal(path).isEmpty()
        && !ZONE.contains(path.toString())
        && !name.endsWith(".sock");
  }

  static boolean isMedia(Measured measured, long size) {
    return measured.bytes() >= size
        && measured.media() >= MOST * measured.bytes()
        && measured.databases().isEmpty();
  }

  private Placement place(Path path) {
    if (!ordinary(path)) {
      boolean socket = String.valueOf(path.getFileName()).endsWith(".sock");
      return socket && !path.endsWith("docker.sock")
          ? new Placement(Kind.HOST_WRITE, "a socket of the host")
          : new Placement(Kind.LEFT, "of the host's system");
    }
    boolean written = isWritten(path);
    Kind host = written ? Kind.HOST_WRITE : Kind.HOST_READ;
    Measured measured = survey.at(path.toString());
    Set<String> sharers = sharers(path);
    if (!sharers.isEmpty()) {
      return new Placement(
          host, "containers outside of the project use it too: " + String.join(", ", sharers));
    }
    if (isMedia(measured, mediaSize)) {
      return new Placement(
          host,
          "%s of media in %d files, which would be copied at each upgrade"
              .formatted(HumanText.bytes(measured.bytes()), measured.files()));
    }
    if (path.startsWith(folder)) {
      boolean inWritten =
          uses.keySet().stream()
              .anyMatch(other -> path.startsWith(other) && isWrittenItself(other));
      return written || inWritten
          ? new Placement(Kind.DATA, "services write to it" + databases(measured))
          : new Placement(Kind.RELEASE, "services only read it");
    }
    if (SYSTEM.stream().anyMatch(path::startsWith)) {
      return new Placement(host, "a path of the host's system");
    }
    if (!written) {
      return new Placement(host, "outside of the project's folder, and services only read it");
    }
    return new Placement(
        Kind.DATA, "services write to it, outside of the project's folder" + databases(measured));
  }

  private static String databases(Measured measured) {
    return measured.databases().isEmpty() ? "" : "; " + String.join(", ", measured.databases());
  }

  private boolean isWritten(Path path) {
    return isWrittenItself(path)
        || uses.keySet().stream()
            .anyMatch(other ->
                !path.startsWith(folder) && other.startsWith(path) && isWrittenItself(other));
  }

  private boolean isWrittenItself(Path path) {
    return uses.getOrDefault(path, List.of()).stream().anyMatch(use -> !use.readOnly());
  }

  /**
   * Containers outside of the project that use the path, or a part of it. One that has a folder
   * above it, such as a program for backups or for files, is no reason to share it.
   */
  private Set<String> sharers(Path path) {
    Set<String> sharers = new TreeSet<>();
    others.forEach((other, names) -> {
      if (other.startsWith(path)) {
        sharers.addAll(names);
      }
    });
    return sharers;
  }

  /** Lines about data that containers outside of the project see through a folder above it. */
  static List<String> onlookers(Map<Path, Placement> placements, Map<Path, Set<String>> others) {
    List<String> lines = new ArrayList<>();
    others.forEach((above, names) -> {
      List<String> seen =
          placements.entrySet().stream()
              .filter(entry ->
                  entry.getValue().kind() == Kind.DATA
                      && entry.getKey().startsWith(above)
                      && !entry.getKey().equals(above))
              .map(entry -> entry.getKey().toString())
              .toList();
      if (!seen.isEmpty()) {
        lines.add(
            "%s has %s, and with it %s: it sees the original's files from then on, not the stack's"
                .formatted(String.join(", ", names), above, String.join(", ", seen)));
      }
    });
    return lines;
  }
}
