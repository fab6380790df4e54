package dev.orchestrator;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.traffic.ProxyTraffic;
import dev.orchestrator.traffic.ServiceTraffic;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stacks' folders and what is open of them: opens, replaces and drops one at a time.
 * Thread-safe for reading; changes come from one thread.
 */
final class StackSlots {
  private static final Logger log = LoggerFactory.getLogger(StackSlots.class);

  private final ManagedStack.Shared shared;
  private final ServiceTraffic traffic;
  private final SettingsSource source;
  private final Map<String, StackSlot> slots = new ConcurrentSkipListMap<>();

  StackSlots(ManagedStack.Shared shared, ServiceTraffic traffic, SettingsSource source) {
    this.shared = shared;
    this.traffic = traffic;
    this.source = source;
  }

  /** All, in the order of their folders. */
  List<StackSlot> all() {
    return List.copyOf(slots.values());
  }

  /** The folder's, or null. */
  @Nullable StackSlot find(String folder) {
    return slots.get(folder);
  }

  /** The folder's, which is made where there is none. */
  StackSlot add(String folder) {
    return slots.computeIfAbsent(folder, StackSlot::new);
  }

  boolean isEmpty() {
    return slots.isEmpty();
  }

  /** Those that are open. */
  List<ManagedStack> opened() {
    return slots.values().stream().map(slot -> slot.stack).filter(Objects::nonNull).toList();
  }

  /** All names, in a line. */
  String names() {
    return String.join(", ", slots.values().stream().map(StackSlot::name).toList());
  }

  /** The open stack of that name. */
  Optional<ManagedStack> open(String name) {
    return opened().stream()
        .filter(stack -> stack.settings().stack().name().equals(name))
        .findFirst();
  }

  /** The sources of the settings that are used. */
  Map<String, String> used() {
    Map<String, String> used = new HashMap<>();
    slots.forEach((folder, slot) -> {
      if (slot.stack != null) {
        used.put(folder, slot.source);
      }
    });
    return used;
  }

  /**
   * Opens a stack; its failure, which is kept and logged.
   *
   * @param changing names of the stacks that change with it
   */
  Optional<RuntimeException> open(StackSlot slot, StackEntry entry, Set<String> changing) {
    slot.problem = entry.error();
    Settings settings = entry.settings();
    if (!entry.error().isEmpty()) {
      log.error(
          "stack {}: {}{}",
          entry.folder(),
          entry.error(),
          settings == null ? "" : "; what it was before is used");
    }
    if (settings == null) {
      return Optional.of(new RefusedException(entry.error()));
    }
    try {
      slot.stack = ManagedStack.open(shared, settings, routes(settings, changing));
      slot.source = entry.source();
      source.remember(entry);
      return Optional.empty();
    } catch (RefusedException | JournalException | EngineException e) {
      slot.problem = e.getMessage() + "";
      log.error("stack {}: {}", entry.folder(), e.getMessage());
      return Optional.of(e);
    }
  }

  private ProxyTraffic routes(Settings settings, Set<String> changing) {
    return traffic.of(settings.stack().name(), settings.stack().routes(), changing);
  }

  /** Closes a stack whose folder is gone, unless it serves. */
  ReloadReport.Entry drop(StackSlot slot) {
    ManagedStack stack = slot.stack;
    String name = slot.name();
    if (stack == null) {
      slots.remove(slot.folder);
      return new ReloadReport.Entry(name, "removed", "");
    }
    if (stack.isUp()) {
      slot.problem =
          "its folder %s is gone: put it back, or take the stack down with 'orchestrator down --stack %s' first"
              .formatted(stack.settings().stack().folder(), name);
      return new ReloadReport.Entry(name, "refused", slot.problem);
    }
    try {
      stack.control().closeAdmission("stack %s is removed".formatted(name));
    } catch (RefusedException e) {
      return new ReloadReport.Entry(name, "refused", e.getMessage() + "");
    }
    slots.remove(slot.folder);
    stack.close();
    traffic.remove(name);
    return new ReloadReport.Entry(name, "removed", "");
  }

  /**
   * Gives a stack other settings; it keeps those that it has when that fails. Its old routes go on
   * beside the new ones.
   *
   * @param changing names of the stacks that change with it
   */
  void replace(StackSlot slot, ManagedStack old, Settings settings, Set<String> changing) {
    String name = old.settings().stack().name();
    if (!settings.stack().name().equals(name)) {
      throw new RefusedException(
          "the name of a stack can't change while it is there, and this one is %s: change it back, or take the stack down and give it another folder"
              .formatted(name));
    }
    Settings next = withRoutesOf(settings, old.settings());
    if (old.isUp() && !next.stack().routes().equals(old.settings().stack().routes())) {
      requireEngine();
    }
    old.control()
        .closeAdmission("the settings of stack %s are read anew: try again".formatted(name));
    old.close();
    try {
      ManagedStack opened = ManagedStack.open(shared, next, routes(next, changing));
      slot.stack = opened;
      if (opened.isUp() && !opened.traffic().openFailure().isEmpty()) {
        String why = opened.traffic().openFailure();
        opened.close();
        throw new RefusedException(why);
      }
    } catch (RuntimeException e) {
      restore(slot, old);
      throw e;
    }
  }

  /** New routes lead nowhere until the engine has told where to. */
  private void requireEngine() {
    try {
      EngineInfo _ = shared.engine().info();
    } catch (EngineException e) {
      throw new RefusedException(
          "its routes have changed, and the engine, which knows where they lead, does not answer (%s): reload again when it does"
              .formatted(e.getMessage()),
          e);
    }
  }

  /** Opens a stack with what it had before. */
  void restore(StackSlot slot, ManagedStack old) {
    traffic.restoreReplaced(old.settings().stack().name());
    slot.stack = ManagedStack.open(shared, old.settings(), routes(old.settings(), Set.of()));
  }

  /** Routes that a version's compose file publishes stay those of the version. */
  private static Settings withRoutesOf(Settings next, Settings old) {
    List<RouteSettings> routes = old.stack().routes();
    return next.stack().routes() instanceof AutoRoutes && routes instanceof AutoRoutes
        ? next.withStack(next.stack().withRoutes(routes))
        : next;
  }
}
