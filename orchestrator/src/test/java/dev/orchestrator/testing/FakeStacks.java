package dev.orchestrator.testing;

import dev.orchestrator.adopt.AdoptPlan;
import dev.orchestrator.adopt.ProjectSummary;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.Status;
import dev.orchestrator.stack.AdoptRequest;
import dev.orchestrator.stack.Adopted;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.ImportRequest;
import dev.orchestrator.stack.Imported;
import dev.orchestrator.stack.ReloadReport;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.stack.Stacks;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Stacks without an engine, each with a control of its own. Thread-safe. */
public final class FakeStacks implements Stacks {
  private final Map<String, FakeControl> controls = new TreeMap<>();
  private ReloadReport report = new ReloadReport(List.of(), List.of());

  /** One stack, {@code demo}. */
  public static FakeStacks of(FakeControl control) {
    return new FakeStacks().with("demo", control);
  }

  public FakeStacks with(String name, FakeControl control) {
    controls.put(name, control);
    return this;
  }

  /** Sets what the next reload finds. */
  public void reloads(ReloadReport next) {
    report = next;
  }

  @Override
  public List<StackSummary> list() {
    return controls.entrySet().stream()
        .map(stack -> summary(stack.getKey(), stack.getValue().status()))
        .toList();
  }

  private static StackSummary summary(String name, Status status) {
    return new StackSummary(
        name,
        "/stacks/" + name,
        status.serving() == null ? "" : status.serving().version(),
        status.state(),
        "healthy",
        status.last(),
        status.nextRun(),
        status.attention());
  }

  @Override
  public Control control(String name) {
    Control control = controls.get(name);
    if (control == null) {
      throw new RefusedException("there is no stack " + name);
    }
    return control;
  }

  @Override
  public Control only() {
    if (controls.size() != 1) {
      throw new RefusedException(
          "this service has several stacks (%s): say which with --stack NAME"
              .formatted(String.join(", ", controls.keySet())));
    }
    return controls.values().iterator().next();
  }

  @Override
  public Imported importArchive(ImportRequest request) {
    if (request.file().contains("missing")) {
      throw new RefusedException("there is no file " + request.file());
    }
    String name = request.stack() == null ? "shop" : request.stack();
    return new Imported(name, "/stacks/" + name, "u1");
  }

  @Override
  public List<ProjectSummary> projects() {
    return List.of(
        new ProjectSummary("blog", "", List.of(), List.of("app"), "stopped", ""),
        new ProjectSummary(
            "photos",
            "/srv/photos",
            List.of("/srv/photos/compose.yaml", "/srv/photos/prod.yaml"),
            List.of("db", "web"),
            "running",
            ""));
  }

  @Override
  public AdoptPlan adoptPlan(AdoptRequest request) {
    throw new RefusedException("there is no project " + request.project());
  }

  @Override
  public Adopted adopt(AdoptRequest request) {
    if (!request.project().equals("photos") && !request.init()) {
      throw new RefusedException("there is no project " + request.project());
    }
    String stack = request.stack() == null ? "photos" : request.stack();
    controls.put(stack, new FakeControl());
    return new Adopted(stack, "/stacks/" + stack, request.init() ? "" : "u7");
  }

  @Override
  public Adopted attach(String name, @Nullable String stack) {
    if (!name.equals("shop-1a2b-g7")) {
      throw new RefusedException("no capsule %s runs on this engine".formatted(name));
    }
    String wanted = stack == null ? "shop" : stack;
    controls.put(wanted, new FakeControl());
    return new Adopted(wanted, "/stacks/" + wanted, "");
  }

  @Override
  public ReloadReport reload() {
    return report;
  }

  @Override
  public String handOver() {
    throw new RefusedException("this service can't be taken over from");
  }
}
