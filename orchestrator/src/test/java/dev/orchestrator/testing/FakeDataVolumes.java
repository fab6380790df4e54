package dev.orchestrator.testing;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.upgrade.TransferPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The data volumes of a {@link FakeHost}: their rows, leases and marks, and which volumes are
 * layers below others. A write below a mounted clone, or a changed layer below a kept one, is a
 * violation.
 */
public final class FakeDataVolumes {
  private final FakeHost host;

  /** Rows that were written to a volume itself, not to the layers below it. */
  private final Map<String, List<String>> rows = new TreeMap<>();

  private final Map<String, Integer> leases = new TreeMap<>();
  private final Map<String, String> marks = new TreeMap<>();

  /** For each clone: the rows of the layers below it when it was created. */
  private final Map<String, List<String>> rowsBelowClones = new TreeMap<>();

  public FakeDataVolumes(FakeHost host) {
    this.host = host;
  }

  /** A data volume as a container mounts it. */
  public record Mounted(String name, String top, List<String> lowers) {
    public List<String> layers() {
      List<String> all = new ArrayList<>(List.of(top));
      all.addAll(lowers);
      return all;
    }
  }

  public List<Mounted> mountedBy(String container) {
    return mountsOf(host.spec(container));
  }

  private static List<Mounted> mountsOf(ContainerSpec spec) {
    List<Mounted> found = new ArrayList<>();
    for (Mount mount : spec.mounts()) {
      if (mount.target().equals("/data")) {
        found.add(new Mounted(DataVolume.MAIN, mount.source(), List.of()));
      } else if (mount.target().endsWith("/top")) {
        String folder = mount.target().substring(0, mount.target().length() - "top".length());
        List<String> lowers =
            spec.mounts().stream()
                .filter(each -> each.target().matches(folder + "[0-9]+"))
                .sorted(Comparator.comparing(Mount::target))
                .map(Mount::source)
                .toList();
        found.add(new Mounted(Path.of(folder).getFileName().toString(), mount.source(), lowers));
      }
    }
    return found;
  }

  /** The rows that a service sees in a volume, those of lower layers first. */
  public List<String> readRows(Mounted volume) {
    return readLayers(volume.layers());
  }

  /** The rows that were written to a volume itself. */
  public List<String> readOwnRows(String volume) {
    return List.copyOf(rows.getOrDefault(volume, List.of()));
  }

  public List<String> readRows(DataVolume volume) {
    return readLayers(volume.needs());
  }

  private List<String> readLayers(List<String> layers) {
    List<String> seen = new ArrayList<>();
    for (String layer : layers.reversed()) {
      seen.addAll(rows.getOrDefault(layer, List.of()));
    }
    return seen;
  }

  public void appendRow(String container, String row) {
    for (Mounted volume : mountedBy(container)) {
      requireNotBelowMountedClone(volume.top(), "a row");
      rows.computeIfAbsent(volume.top(), name -> new ArrayList<>()).add(row);
    }
  }

  /** Appends a row to the main volume, which no container shares with another. */
  public void appendOwnRow(String container, String row) {
    String top = mountedBy(container).getFirst().top();
    requireNotBelowMountedClone(top, "a row");
    rows.computeIfAbsent(top, name -> new ArrayList<>()).add(row);
  }

  /** Replaces a volume's rows, as a finished copy does. */
  public void replaceRows(String volume, List<String> content) {
    rows.put(volume, new ArrayList<>(content));
  }

  private void requireNotBelowMountedClone(String volume, String change) {
    host.forgetEndedContainers();
    rowsBelowClones.forEach((clone, rows) -> {
      boolean used =
          host.mountedClones.values().stream().anyMatch(tops -> tops.contains(clone))
              && host.layersBelowClones.getOrDefault(clone, List.of()).contains(volume);
      if (used) {
        host.violations.add(change + " was written to " + volume + ", below the clone " + clone);
      }
    });
  }

  /** Mounts the clones of a container; notes violations of the rules for layers. */
  public void mount(String container) {
    for (Mounted volume : mountedBy(container)) {
      if (volume.lowers().isEmpty()) {
        continue;
      }
      if (volume.layers().size() > TransferPolicy.MAX_LAYERS) {
        host.violations.add(volume + " has too many layers");
      }
      host.writingContainers.stream()
          .filter(writer -> !writer.equals(container) && host.isRunningOrPaused(writer))
          .filter(
              writer -> mountedBy(writer).stream().anyMatch(v -> volume.lowers().contains(v.top())))
          .forEach(writer ->
              host.violations.add(volume.top() + " was cloned while " + writer + " may write"));
      List<String> rowsNow = readLayers(volume.lowers());
      List<String> rowsAtCreation = rowsBelowClones.putIfAbsent(volume.top(), rowsNow);
      if (rowsAtCreation != null && !rowsAtCreation.equals(rowsNow)) {
        host.violations.add("what is below the clone " + volume.top() + " has changed");
      }
      host.layersBelowClones.put(volume.top(), volume.lowers());
      host.mountedClones.computeIfAbsent(container, name -> new ArrayList<>()).add(volume.top());
    }
  }

  /** Whether the layers below a clone are unchanged since it was created. */
  public boolean isUnchangedBelow(DataVolume volume) {
    List<String> rowsAtCreation = rowsBelowClones.get(volume.volume());
    return rowsAtCreation == null
        || rowsAtCreation.equals(readLayers(volume.needs().subList(1, volume.needs().size())));
  }

  /** Deletes the content of a volume. */
  public void delete(String volume) {
    rows.remove(volume);
    leases.remove(volume);
    marks.remove(volume);
    rowsBelowClones.remove(volume);
  }

  public String mark(String container) {
    return mountedBy(container).getFirst().layers().stream()
        .map(marks::get)
        .filter(mark -> mark != null)
        .findFirst()
        .orElse("");
  }

  public void mark(String container, String word) {
    String top = mountedBy(container).getFirst().top();
    requireNotBelowMountedClone(top, "a mark");
    marks.put(top, word);
  }

  public int lease(String container) {
    return mountedBy(container).getFirst().layers().stream()
        .map(leases::get)
        .filter(lease -> lease != null)
        .findFirst()
        .orElse(0);
  }

  public void lease(String container, int epoch) {
    String top = mountedBy(container).getFirst().top();
    requireNotBelowMountedClone(top, "a lease");
    leases.put(top, epoch);
  }
}
