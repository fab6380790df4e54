package dev.orchestrator;

import dev.orchestrator.adopt.AdoptPlan;
import dev.orchestrator.adopt.AdoptPlanner;
import dev.orchestrator.adopt.ProjectSummary;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
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
import dev.orchestrator.traffic.ServiceTraffic;
import dev.orchestrator.upgrade.ArchiveImports;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
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

  private final ManagedStack.Shared shared;
  private final SettingsSource source;
  private final ServiceTraffic traffic;
  private final StackSlots slots;
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
    this.slots = new StackSlots(shared, traffic, source);
    this.current = source.current();
    this.adoption =
        new ProjectAdoption(shared.engine(), source, this::stackSettings, this::adopter);
  }

  private List<StackSettings> stackSettings() {
    return slots.opened().stream().map(stack -> stack.settings().stack()).toList();
  }

  /** The stack that a project was adopted as, or is just being. */
  private Optional<String> adopter(String project) {
    return slots.opened().stream()
        .filter(stack -> stack.control().adoptedProject().filter(project::equals).isPresent())
        .map(stack -> stack.settings().stack().name())
        .findFirst();
  }

  private void openAll() {
    StackImport.removeLeftovers(current.stacksFolder());
    List<Callable<Optional<RuntimeException>>> work = new ArrayList<>();
    for (StackEntry entry : current.stacks()) {
      StackSlot slot = slots.add(entry.folder());
      work.add(() -> slots.open(slot, entry, Set.of()));
    }
    List<RuntimeException> failures = inParallel(work).stream().flatMap(Optional::stream).toList();
    if (!failures.isEmpty() && failures.size() == work.size()) {
      throw failures.size() == 1
          ? failures.getFirst()
          : new RefusedException(
              String.join("\n", failures.stream().map(Throwable::getMessage).toList()));
    }
  }

  /** Whether any stack serves, or is to serve. */
  boolean isAnyUp() {
    return slots.opened().stream().anyMatch(ManagedStack::isUp);
  }

  @Override
  public List<StackSummary> list() {
    List<Callable<StackSummary>> work = new ArrayList<>();
    slots.all().forEach(slot -> work.add(() -> summary(slot)));
    return inParallel(work).stream().sorted(Comparator.comparing(StackSummary::stack)).toList();
  }

  private StackSummary summary(StackSlot slot) {
    ManagedStack stack = slot.stack;
    return stack == null
        ? StackSummary.failed(
            slot.folder, current.stacksFolder().resolve(slot.folder).toString(), slot.problem)
        : StackSummary.of(
            stack.control().status(), stack.settings().stack().folder().toString(), slot.problem);
  }

  @Override
  public Control control(String name) {
    StackSlot slot =
        slots.all().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .or(() -> Optional.ofNullable(slots.find(name)))
            .orElseThrow(() ->
                new RefusedException("there is no stack %s; %s".formatted(name, suggestion())));
    return control(slot);
  }

  private String suggestion() {
    return slots.isEmpty()
        ? noStacks()
        : "there " + (slots.all().size() == 1 ? "is " : "are ") + slots.names();
  }

  private static Control control(StackSlot slot) {
    ManagedStack stack = slot.stack;
    if (stack == null) {
      throw new RefusedException("stack %s can't be used: %s".formatted(slot.folder, slot.problem));
    }
    return stack.control();
  }

  @Override
  public Control only() {
    List<StackSlot> all = slots.all();
    return switch (all.size()) {
      case 0 -> throw new RefusedException("this service has no stack: " + noStacks());
      case 1 -> control(all.getFirst());
      default ->
          throw new RefusedException(
              "this service has several stacks (%s): say which with --stack NAME"
                  .formatted(slots.names()));
    };
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
          slots
              .open(wanted)
              .filter(stack -> !request.init() && stack.control().hasAdopted(project));
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
    reload(plan.stack(), folder + " is written, and can't be used as it is: ");
    String run = request.init() ? "" : open(plan.stack()).control().adopt(plan.original());
    return new Adopted(plan.stack(), folder.toString(), run);
  }

  @Override
  public Imported importArchive(ImportRequest request) {
    String name = StackImport.name(request);
    try (ProjectAdoption.Claim _ = adoption.claim(request.file(), name)) {
      Optional<StackSlot> failed = failedImport(name);
      if (failed.isEmpty() && slots.all().stream().anyMatch(slot -> slot.name().equals(name))) {
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
              .write(request, name, failed.map(slot -> () -> remove(slot)));
      String run;
      try {
        reload(name, "");
        run = open(name).control().importArchive(Path.of(request.file()), written.version());
      } catch (RuntimeException e) {
        written.remove();
        ReloadReport _ = reload();
        throw e;
      }
      return new Imported(name, written.folder().toString(), run);
    }
  }

  /** The stack of a name whose import has not ended well, and which another one may replace. */
  private Optional<StackSlot> failedImport(String name) {
    return slots.all().stream()
        .filter(slot -> slot.name().equals(name))
        .filter(slot -> ArchiveImports.pending(folder(slot)).isPresent())
        .filter(slot -> slot.stack == null || slot.stack.control().isUntouched())
        .findFirst();
  }

  private Path folder(StackSlot slot) {
    return current.stacksFolder().resolve(slot.folder);
  }

  private void remove(StackSlot slot) {
    ManagedStack stack = slot.stack;
    if (stack != null) {
      int _ = stack.control().down(Control.Removal.VOLUMES);
    }
    log.info("{} is replaced: its import has not ended well", folder(slot));
    new StackImport.Written(slot.name(), "", folder(slot)).remove();
    ReloadReport _ = reload();
  }

  /** Reads the folders anew, for a stack whose folder was just written. */
  private void reload(String stack, String refusal) {
    reload().stacks().stream()
        .filter(entry -> entry.stack().equals(stack) && entry.refused())
        .findFirst()
        .ifPresent(entry -> {
          throw new RefusedException(refusal + entry.text());
        });
  }

  private ManagedStack open(String name) {
    return slots
        .open(name)
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
      reload(
          attachment.stack(),
          "stack %s can't be used here as it is: ".formatted(attachment.stack()));
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
      ServiceSettings wanted = source.read(slots.used());
      List<String> notes = current.needRestart(wanted);
      List<ReloadReport.Entry> changes = new ArrayList<>();
      for (StackSlot slot : slots.all()) {
        if (wanted.stacks().stream().noneMatch(entry -> entry.folder().equals(slot.folder))) {
          changes.add(slots.drop(slot));
        }
      }
      changes.addAll(new StackChanges(slots, traffic, source).take(wanted.stacks()));
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

  @Override
  public String handOver() {
    if (!reloading.tryLock()) {
      throw new NotYetException("the settings are being read: try again");
    }
    List<StackControl> closed = new ArrayList<>();
    try {
      for (ManagedStack stack : slots.opened()) {
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
    slots.opened().forEach(stack -> stack.control().openAdmission());
  }

  /** Stops supervising the stacks; their routes and containers stay as they are. */
  @Override
  public void close() {
    List<Callable<Boolean>> work = new ArrayList<>();
    for (ManagedStack stack : slots.opened()) {
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
