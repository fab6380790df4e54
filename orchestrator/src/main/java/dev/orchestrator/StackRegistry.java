package dev.orchestrator;

import dev.orchestrator.adopt.AdoptPlan;
import dev.orchestrator.adopt.AdoptPlanner;
import dev.orchestrator.adopt.ProjectSummary;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.stack.AdoptRequest;
import dev.orchestrator.stack.Adopted;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.ImportRequest;
import dev.orchestrator.stack.Imported;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.StackControl;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.stack.Stacks;
import dev.orchestrator.traffic.ProxyTraffic;
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.ArchiveImports;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stacks of the service that this process runs, each on its own: one that is damaged or busy
 * disturbs no other. Thread-safe; calls block.
 */
final class StackRegistry implements Stacks, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StackRegistry.class);
  private static final String TAKEOVER = "another process takes over: try again when it serves";

  /** A folder with a stack.conf, or that had one. */
  private static final class Slot {
    private final String folder;

    /** Null while the stack can't be opened. */
    private volatile @Nullable ManagedStack stack;

    /** Why the settings in the file are not those that are used, or there are none; or empty. */
    private volatile String problem = "";

    /** {@link StackEntry#source} of the settings that are used. */
    private volatile String source = "";

    Slot(String folder) {
      this.folder = folder;
    }

    String name() {
      ManagedStack open = stack;
      return open == null ? folder : open.settings().stack().name();
    }
  }

  private final ManagedStack.Shared shared;
  private final ServiceTraffic traffic;
  private final SettingsSource source;
  private final Map<String, Slot> slots = new ConcurrentSkipListMap<>();
  private final ReentrantLock reloading = new ReentrantLock();
  private final ProjectAdoption adoption;
  private ServiceSettings current;

  /**
   * Opens every stack; returns when their routes are open, after a second at most.
   *
   * @throws RefusedException when there are stacks and none of them can be opened
   */
  static StackRegistry open(
      ManagedStack.Shared shared, ServiceTraffic traffic, SettingsSource source) {
    StackRegistry registry = new StackRegistry(shared, traffic, source);
    try {
      registry.openAll();
      return registry;
    } catch (RuntimeException e) {
      registry.close();
      throw e;
    }
  }

  private StackRegistry(ManagedStack.Shared shared, ServiceTraffic traffic, SettingsSource source) {
    this.shared = shared;
    this.traffic = traffic;
    this.source = source;
    this.current = source.current();
    this.adoption =
        new ProjectAdoption(shared.engine(), source, this::stackSettings, this::adopter);
  }

  private List<StackSettings> stackSettings() {
    return opened().stream().map(stack -> stack.settings().stack()).toList();
  }

  /** The stack that a project was adopted as, or is just being. */
  private Optional<String> adopter(String project) {
    return opened().stream()
        .filter(stack -> stack.control().adoptedProject().filter(project::equals).isPresent())
        .map(stack -> stack.settings().stack().name())
        .findFirst();
  }

  private void openAll() {
    StackImport.removeLeftovers(current.stacksFolder());
    List<Callable<Optional<RuntimeException>>> work = new ArrayList<>();
    for (StackEntry entry : current.stacks()) {
      Slot slot = new Slot(entry.folder());
      slots.put(entry.folder(), slot);
      work.add(() -> open(slot, entry));
    }
    List<RuntimeException> failures = inParallel(work).stream().flatMap(Optional::stream).toList();
    if (!failures.isEmpty() && failures.size() == slots.size()) {
      throw failures.size() == 1
          ? failures.getFirst()
          : new RefusedException(
              String.join("\n", failures.stream().map(Throwable::getMessage).toList()));
    }
  }

  /** Opens a stack; its failure, which is kept and logged. */
  private Optional<RuntimeException> open(Slot slot, StackEntry entry) {
    return open(slot, entry, Set.of());
  }

  private Optional<RuntimeException> open(Slot slot, StackEntry entry, Set<String> changing) {
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

  /** Whether any stack serves, or is to serve. */
  boolean isAnyUp() {
    return opened().stream().anyMatch(ManagedStack::isUp);
  }

  private List<ManagedStack> opened() {
    return slots.values().stream().map(slot -> slot.stack).filter(Objects::nonNull).toList();
  }

  @Override
  public List<StackSummary> list() {
    List<Callable<StackSummary>> work = new ArrayList<>();
    slots.values().forEach(slot -> work.add(() -> summary(slot)));
    return inParallel(work).stream().sorted(Comparator.comparing(StackSummary::stack)).toList();
  }

  private StackSummary summary(Slot slot) {
    ManagedStack stack = slot.stack;
    return stack == null
        ? StackSummary.failed(
            slot.folder, current.stacksFolder().resolve(slot.folder).toString(), slot.problem)
        : StackSummary.of(
            stack.control().status(), stack.settings().stack().folder().toString(), slot.problem);
  }

  @Override
  public Control control(String name) {
    Slot slot =
        slots.values().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .or(() -> Optional.ofNullable(slots.get(name)))
            .orElseThrow(() ->
                new RefusedException("there is no stack %s; %s".formatted(name, suggestion())));
    return control(slot);
  }

  private String suggestion() {
    return slots.isEmpty() ? noStacks() : "there " + (slots.size() == 1 ? "is " : "are ") + names();
  }

  private static Control control(Slot slot) {
    ManagedStack stack = slot.stack;
    if (stack == null) {
      throw new RefusedException("stack %s can't be used: %s".formatted(slot.folder, slot.problem));
    }
    return stack.control();
  }

  @Override
  public Control only() {
    List<Slot> all = List.copyOf(slots.values());
    return switch (all.size()) {
      case 0 -> throw new RefusedException("this service has no stack: " + noStacks());
      case 1 -> control(all.getFirst());
      default ->
          throw new RefusedException(
              "this service has several stacks (%s): say which with --stack NAME"
                  .formatted(names()));
    };
  }

  private String names() {
    return String.join(", ", slots.values().stream().map(Slot::name).toList());
  }

  private String noStacks() {
    return "put a folder with a stack.conf into %s, then 'orchestrator reload'"
        .formatted(current.stacksFolder());
  }

  @Override
  public List<ProjectSummary> projects() {
    return adoption.planner().list();
  }

  @Override
  public AdoptPlan adoptPlan(AdoptRequest request) {
    AdoptPlanner planner = adoption.planner();
    try (ProjectAdoption.Claim _ = claim(request, nameOf(request, planner))) {
      return plan(request, planner);
    }
  }

  private ProjectAdoption.Claim claim(AdoptRequest request, String project) {
    String stack = request.stack();
    return adoption.claim(project, stack == null ? project : stack);
  }

  private static String nameOf(AdoptRequest request, AdoptPlanner planner) {
    return request.init()
        ? planner.nameOf(Path.of(request.project()))
        : planner.nameOf(request.project());
  }

  private static AdoptPlan plan(AdoptRequest request, AdoptPlanner planner) {
    return request.init()
        ? planner.init(Path.of(request.project()), request.stack())
        : planner.plan(request.project(), request.stack());
  }

  @Override
  public Adopted adopt(AdoptRequest request) {
    AdoptPlanner planner = adoption.planner();
    String project = nameOf(request, planner);
    try (ProjectAdoption.Claim _ = claim(request, project)) {
      String wanted = request.stack() == null ? project : request.stack();
      Optional<ManagedStack> known =
          opened().stream()
              .filter(stack -> stack.settings().stack().name().equals(wanted))
              .filter(stack -> !request.init() && stack.control().hasAdopted(project))
              .findFirst();
      return known.isPresent()
          ? adoptAgain(known.get(), project, planner)
          : adopt(request, planner);
    }
  }

  /** Adopts a project that the stack had before, as the project runs and the stack is by now. */
  private static Adopted adoptAgain(ManagedStack stack, String project, AdoptPlanner planner) {
    StackSettings settings = stack.settings().stack();
    stack.control().requireAdoptable();
    String run = stack.control().adopt(planner.readAgain(project, settings));
    return new Adopted(settings.name(), settings.folder().toString(), run);
  }

  private Adopted adopt(AdoptRequest request, AdoptPlanner planner) {
    AdoptPlan plan = plan(request, planner);
    Path folder = planner.write(plan);
    ReloadReport report = reload();
    report.stacks().stream()
        .filter(entry -> entry.stack().equals(plan.stack()) && entry.refused())
        .findFirst()
        .ifPresent(entry -> {
          throw new RefusedException(
              "%s is written, and can't be used as it is: %s".formatted(folder, entry.text()));
        });
    String run = request.init() ? "" : open(plan.stack()).control().adopt(plan.original());
    return new Adopted(plan.stack(), folder.toString(), run);
  }

  @Override
  public Imported importArchive(ImportRequest request) {
    String name = StackImport.name(request);
    try (ProjectAdoption.Claim _ = adoption.claim(request.file(), name)) {
      removeFailedImport(name);
      if (slots.values().stream().anyMatch(slot -> slot.name().equals(name))) {
        throw new RefusedException(
            "there is a stack %s already: give the new one another name with --stack"
                .formatted(name));
      }
      StackImport.Written written =
          new StackImport(
                  shared.engine(),
                  adoption::base,
                  current.stacksFolder(),
                  folder -> source.at(folder).stack())
              .write(request, name);
      String run;
      try {
        reload().stacks().stream()
            .filter(entry -> entry.stack().equals(name) && entry.refused())
            .findFirst()
            .ifPresent(entry -> {
              throw new RefusedException(entry.text());
            });
        run = open(name).control().importArchive(Path.of(request.file()), written.version());
      } catch (RuntimeException e) {
        written.remove();
        ReloadReport _ = reload();
        throw e;
      }
      return new Imported(name, written.folder().toString(), run);
    }
  }

  /** Makes room for an import where an earlier one of that name has not ended well. */
  private void removeFailedImport(String name) {
    for (Slot slot : slots.values()) {
      Path folder = current.stacksFolder().resolve(slot.folder);
      ManagedStack stack = slot.stack;
      if (!slot.name().equals(name)
          || ArchiveImports.pending(folder).isEmpty()
          || (stack != null && !stack.control().isUntouched())) {
        continue;
      }
      if (stack != null) {
        int _ = stack.control().down(Control.Removal.VOLUMES);
      }
      log.info("{} is replaced: its import has not ended well", folder);
      new StackImport.Written(name, "", folder).remove();
      ReloadReport _ = reload();
    }
  }

  private ManagedStack open(String name) {
    return opened().stream()
        .filter(stack -> stack.settings().stack().name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new RefusedException(
                "stack %s is not a stack of this service, which runs one alone: remove 'stack' from orchestrator.conf"
                    .formatted(name)));
  }

  @Override
  public Adopted attach(String name, @Nullable String wanted) {
    StackAttachment attachment =
        StackAttachment.find(shared.engine(), source.current(), name, wanted);
    attachment.claim();
    boolean attached = false;
    try {
      Generation generation = attachment.write();
      ReloadReport report = reload();
      report.stacks().stream()
          .filter(entry -> entry.stack().equals(attachment.stack()) && entry.refused())
          .findFirst()
          .ifPresent(entry -> {
            throw new RefusedException(
                "stack %s can't be used here as it is: %s"
                    .formatted(attachment.stack(), entry.text()));
          });
      ManagedStack stack = open(attachment.stack());
      stack.control().attach(generation);
      attached = true;
      attachment.tellRoutes(stack.settings().stack().routes());
      return new Adopted(attachment.stack(), stack.settings().stack().folder().toString(), "");
    } finally {
      if (!attached) {
        attachment.giveUp();
        ReloadReport _ = reload();
      }
    }
  }

  @Override
  public ReloadReport reload() {
    if (shared.handover().isOffered()) {
      throw new NotYetException(TAKEOVER);
    }
    if (!reloading.tryLock()) {
      throw new NotYetException("the settings are being read already: try again");
    }
    try {
      ServiceSettings wanted = source.read(used());
      List<String> notes = current.needRestart(wanted);
      List<ReloadReport.Entry> changes = new ArrayList<>();
      for (Slot slot : List.copyOf(slots.values())) {
        if (wanted.stacks().stream().noneMatch(entry -> entry.folder().equals(slot.folder))) {
          changes.add(drop(slot));
        }
      }
      changes.addAll(new StackChanges().take(wanted.stacks()));
      current = wanted;
      changes.sort(Comparator.comparing(ReloadReport.Entry::stack));
      changes.forEach(change ->
          log.info("reload: stack {} {} {}", change.stack(), change.change(), change.text()));
      notes.forEach(note -> log.warn("reload: {}", note));
      return new ReloadReport(List.copyOf(changes), notes);
    } finally {
      reloading.unlock();
    }
  }

  /** The sources of the settings that are used. */
  private Map<String, String> used() {
    Map<String, String> used = new HashMap<>();
    slots.forEach((folder, slot) -> {
      if (slot.stack != null) {
        used.put(folder, slot.source);
      }
    });
    return used;
  }

  /** Closes a stack whose folder is gone, unless it serves. */
  private ReloadReport.Entry drop(Slot slot) {
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
   * The changes of one reload. Stacks may exchange ports: a stack listens on the sockets that
   * another one gives up, and the old routes of all go on until every stack has its new ones.
   */
  private final class StackChanges {
    /** Stacks that are open and have other settings now, by folder. */
    private final Map<String, StackEntry> changing = new LinkedHashMap<>();

    /** What those that have been replaced were before, by folder. */
    private final Map<String, ManagedStack> replaced = new LinkedHashMap<>();

    private final Map<String, ReloadReport.Entry> reports = new LinkedHashMap<>();

    Collection<ReloadReport.Entry> take(List<StackEntry> entries) {
      for (StackEntry entry : entries) {
        Slot slot = slots.get(entry.folder());
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

    private void consider(StackEntry entry, Slot slot) {
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
      Slot slot = slots.computeIfAbsent(entry.folder(), Slot::new);
      Optional<RuntimeException> failure = open(slot, entry, names(replaced.keySet()));
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
      Slot slot = slot(folder);
      Optional<String> missing = findMissing(folder);
      if (missing.isPresent()) {
        refuse(slot, missing.get());
        return;
      }
      ManagedStack old = Objects.requireNonNull(slot.stack);
      try {
        StackRegistry.this.replace(slot, old, settings(folder), names(changing.keySet()));
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
            Slot slot = slot(folder);
            Objects.requireNonNull(slot.stack).close();
            restore(slot, old);
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

    private Slot slot(String folder) {
      return Objects.requireNonNull(slots.get(folder));
    }

    /** Names of stacks; those with routes by their compose files keep their ports to themselves. */
    private Set<String> names(Collection<String> folders) {
      return folders.stream()
          .filter(folder -> !(settings(folder).stack().routes() instanceof AutoRoutes))
          .map(folder -> slot(folder).name())
          .collect(Collectors.toSet());
    }

    private void finish(String folder, ManagedStack old) {
      Slot slot = slot(folder);
      StackEntry entry = Objects.requireNonNull(changing.get(folder));
      slot.problem = "";
      slot.source = entry.source();
      source.remember(entry);
      traffic.dropReplaced(slot.name(), settings(folder).takeover().drain());
      report(slot, "changed", "");
    }

    private void refuse(Slot slot, String why) {
      slot.problem = why;
      report(slot, "refused", why);
    }

    private void report(Slot slot, String change, String text) {
      reports.put(slot.folder, new ReloadReport.Entry(slot.name(), change, text));
    }
  }

  private static boolean overlap(Settings some, Settings others) {
    return some.stack().routes().stream()
        .anyMatch(one ->
            others.stack().routes().stream()
                .anyMatch(other ->
                    one.options().protocol().isDatagram() == other.options().protocol().isDatagram()
                        && one.listen().overlaps(other.listen())));
  }

  /**
   * Gives a stack other settings; it keeps those that it has when that fails. Its old routes go on
   * beside the new ones.
   *
   * @param changing names of the stacks that change with it
   */
  private void replace(Slot slot, ManagedStack old, Settings settings, Set<String> changing) {
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

  private void restore(Slot slot, ManagedStack old) {
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

  @Override
  public String handOver() {
    if (!reloading.tryLock()) {
      throw new NotYetException("the settings are being read: try again");
    }
    List<StackControl> closed = new ArrayList<>();
    try {
      for (ManagedStack stack : opened()) {
        closeForHandover(stack);
        closed.add(stack.control());
      }
      return shared.handover().offer();
    } catch (RuntimeException e) {
      closed.forEach(StackControl::openAdmission);
      throw e;
    } finally {
      reloading.unlock();
    }
  }

  private static void closeForHandover(ManagedStack stack) {
    try {
      stack.control().closeForHandover(TAKEOVER);
    } catch (NotYetException e) {
      throw e;
    } catch (RefusedException e) {
      throw new RefusedException(
          "stack %s: %s".formatted(stack.settings().stack().name(), e.getMessage()), e);
    }
  }

  /** Admits runs again after a hand-over that did not happen. */
  void cancelHandover() {
    opened().forEach(stack -> stack.control().openAdmission());
  }

  /** Stops supervising the stacks; their routes and containers stay as they are. */
  @Override
  public void close() {
    List<Callable<Boolean>> work = new ArrayList<>();
    for (ManagedStack stack : opened()) {
      work.add(() -> {
        stack.close();
        return true;
      });
    }
    List<Boolean> _ = inParallel(work);
  }

  private static <T> List<T> inParallel(List<Callable<T>> work) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<T> results = new ArrayList<>();
      for (Future<T> result : threads.invokeAll(work)) {
        results.add(result.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted", e);
    }
  }
}
