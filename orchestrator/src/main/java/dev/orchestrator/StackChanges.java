package dev.orchestrator;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.traffic.ServiceTraffic;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The changes of one reload. Stacks may exchange ports: a stack listens on the sockets that another
 * one gives up, and the old routes of all go on until every stack has its new ones. For one thread.
 */
final class StackChanges {
  private final StackSlots slots;
  private final ServiceTraffic traffic;
  private final SettingsSource source;

  /** Stacks that are open and have other settings now, by folder. */
  private final Map<String, StackEntry> changing = new LinkedHashMap<>();

  /** What those that have been replaced were before, by folder. */
  private final Map<String, ManagedStack> replaced = new LinkedHashMap<>();

  private final Map<String, ReloadReport.Entry> reports = new LinkedHashMap<>();

  StackChanges(StackSlots slots, ServiceTraffic traffic, SettingsSource source) {
    this.slots = slots;
    this.traffic = traffic;
    this.source = source;
  }

  Collection<ReloadReport.Entry> take(List<StackEntry> entries) {
    for (StackEntry entry : entries) {
      StackSlot slot = slots.find(entry.folder());
      if (slot != null && slot.stack != null) {
        consider(entry, slot);
      }
    }
    changing.keySet().forEach(folder -> replace(folder, new HashSet<>()));
    restoreWhatLacksPorts();
    for (StackEntry entry : entries) {
      if (!reports.containsKey(entry.folder()) && !replaced.containsKey(entry.folder())) {
        add(entry);
      }
    }
    replaced.forEach(this::finish);
    return reports.values();
  }

  private void consider(StackEntry entry, StackSlot slot) {
    if (!entry.error().isEmpty() || entry.settings() == null) {
      refuse(slot, entry.error());
    } else if (entry.source().equals(slot.source)) {
      slot.problem = "";
      report(slot, "unchanged", "");
    } else {
      changing.put(entry.folder(), entry);
    }
  }

  private void add(StackEntry entry) {
    StackSlot slot = slots.add(entry.folder());
    Optional<RuntimeException> failure = slots.open(slot, entry, names(replaced.keySet()));
    if (failure.isPresent()) {
      report(slot, "refused", failure.get().getMessage() + "");
    } else {
      report(slot, "added", "");
    }
  }

  /** Replaces a stack, after those whose ports it gets. */
  private void replace(String folder, Set<String> above) {
    if (replaced.containsKey(folder) || reports.containsKey(folder) || !above.add(folder)) {
      return;
    }
    sources(folder).forEach(source -> replace(source, above));
    StackSlot slot = slot(folder);
    Optional<String> missing = findMissing(folder);
    if (missing.isPresent()) {
      refuse(slot, missing.get());
      return;
    }
    ManagedStack old = Objects.requireNonNull(slot.stack);
    try {
      slots.replace(slot, old, settings(folder), names(changing.keySet()));
      replaced.put(folder, old);
    } catch (RefusedException | JournalException | EngineException e) {
      refuse(slot, e.getMessage() + "");
    }
  }

  /** Takes changes back that went before one that was refused, whose ports they got. */
  private void restoreWhatLacksPorts() {
    boolean restored = true;
    while (restored) {
      restored = false;
      for (String folder : List.copyOf(replaced.keySet())) {
        Optional<String> missing = findMissing(folder);
        if (missing.isPresent()) {
          ManagedStack old = Objects.requireNonNull(replaced.remove(folder));
          StackSlot slot = slot(folder);
          Objects.requireNonNull(slot.stack).close();
          slots.restore(slot, old);
          refuse(slot, missing.get());
          restored = true;
        }
      }
    }
  }

  private Optional<String> findMissing(String folder) {
    return sources(folder).stream()
        .filter(reports::containsKey)
        .findFirst()
        .map(source ->
            "it is to have a port of stack %s, whose change was refused"
                .formatted(slot(source).name()));
  }

  /** The other stacks of this reload that have a port which this one is to have. */
  private List<String> sources(String folder) {
    return changing.keySet().stream()
        .filter(other -> !other.equals(folder))
        .filter(other -> overlap(settings(folder), before(other)))
        .toList();
  }

  private Settings before(String folder) {
    ManagedStack stack = replaced.containsKey(folder) ? replaced.get(folder) : slot(folder).stack;
    return Objects.requireNonNull(stack).settings();
  }

  private Settings settings(String folder) {
    return Objects.requireNonNull(Objects.requireNonNull(changing.get(folder)).settings());
  }

  private StackSlot slot(String folder) {
    return Objects.requireNonNull(slots.find(folder));
  }

  /** Names of stacks; those with routes by their compose files keep their ports to themselves. */
  private Set<String> names(Collection<String> folders) {
    return folders.stream()
        .filter(folder -> !(settings(folder).stack().routes() instanceof AutoRoutes))
        .map(folder -> slot(folder).name())
        .collect(Collectors.toSet());
  }

  private void finish(String folder, ManagedStack old) {
    StackSlot slot = slot(folder);
    StackEntry entry = Objects.requireNonNull(changing.get(folder));
    slot.problem = "";
    slot.source = entry.source();
    source.remember(entry);
    traffic.dropReplaced(slot.name(), settings(folder).takeover().drain());
    report(slot, "changed", "");
  }

  private void refuse(StackSlot slot, String why) {
    slot.problem = why;
    report(slot, "refused", why);
  }

  private void report(StackSlot slot, String change, String text) {
    reports.put(slot.folder, new ReloadReport.Entry(slot.name(), change, text));
  }

  private static boolean overlap(Settings some, Settings others) {
    return some.stack().routes().stream()
        .anyMatch(one ->
            others.stack().routes().stream()
                .anyMatch(other ->
                    one.options().protocol().isDatagram() == other.options().protocol().isDatagram()
                        && one.listen().overlaps(other.listen())));
  }
}
