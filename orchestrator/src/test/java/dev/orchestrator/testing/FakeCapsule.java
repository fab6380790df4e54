package dev.orchestrator.testing;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A capsule of a {@link FakeHost}: its one service, db, writes to all of its data volumes. */
public final class FakeCapsule implements Capsule {
  private final FakeHost world;
  private final String container;

  public FakeCapsule(FakeHost world, String container) {
    this.world = world;
    this.container = container;
  }

  private void running(String what) {
    try {
      world.answer();
    } catch (EngineException e) {
      throw new CapsuleException(what + ": " + e.getMessage(), e);
    }
    if (!world.runs(container)) {
      throw new EngineException(
          EngineException.Kind.CONFLICT, what + ": " + container + " is not running");
    }
  }

  @Override
  public String name() {
    return container;
  }

  @Override
  public String address() {
    // A paused one has its address.
    if (!world.there(container)) {
      running("address");
    }
    return container;
  }

  @Override
  public void awaitReady(Duration deadline) {
    world.operate("capsule.ready", () -> running("ready"));
  }

  @Override
  public void create(Duration deadline) {
    world.operate("capsule.create", () -> running("create"));
  }

  @Override
  public void start(Duration deadline) {
    world.operate(
        "capsule.start",
        () -> {
          running("start");
          int mine =
              Integer.parseInt(
                  world.engine.spec(container).env().getOrDefault("CAPSULE_EPOCH", ""));
          int held = world.data.lease(container);
          if (held != 0 && held != mine) {
            throw new CapsuleException(
                "refused: this capsule has epoch %d, its data belongs to epoch %d"
                    .formatted(mine, held));
          }
          if (!world.mounted.containsKey(container)) {
            world.data.mount(container);
          }
          world.writers.add(container);
          if (world.alive().size() > 1) {
            world.violations.add("two writers: " + world.writers);
          }
        });
  }

  @Override
  public void stop(Collection<String> services, Duration deadline) {
    world.operate(
        "capsule.stop",
        () -> {
          running("stop");
          if (services.isEmpty() || services.contains("db")) {
            world.writers.remove(container);
          }
          if (services.isEmpty()) {
            world.mounted.remove(container);
          }
        });
  }

  @Override
  public void freeze(Collection<String> services, Duration deadline) {
    world.operate(
        "capsule.freeze",
        () -> {
          running("freeze");
          world.frozen.add(container);
        });
  }

  @Override
  public void thaw(Duration deadline) {
    running("thaw");
    world.frozen.remove(container);
  }

  @Override
  public void mount(Duration deadline) {
    world.operate(
        "capsule.mount",
        () -> {
          running("mount");
          world.data.mount(container);
        });
  }

  @Override
  public CloneSupport clones(Duration deadline) {
    running("clones");
    return new CloneSupport(world.overlays, true, world.overlays ? "" : "no overlays here");
  }

  @Override
  public List<InnerService> services(Duration deadline) {
    running("state");
    if (world.slow.remove(container)) {
      throw new CapsuleException("capsule " + container + ": not done in time");
    }
    String state = world.alive().contains(container) ? "running" : "exited";
    return List.of(new InnerService("db", state, "healthy", 0, 0, ""));
  }

  @Override
  public ExecResult exec(String service, List<String> command, Duration deadline) {
    running("exec");
    String words = String.join(" ", command);
    world.commands.add(container + ": " + words);
    return world.failing.contains(words)
        ? new ExecResult(1, "", words + " failed")
        : new ExecResult(0, "", "");
  }

  @Override
  public List<String> logs(@Nullable String service, int tail, Duration deadline) {
    return List.of("log of " + container);
  }

  @Override
  public List<OutsidePath> outside(List<String> ignore, Duration deadline) {
    running("diff");
    return world.outside;
  }

  @Override
  public List<DatabaseTable> tables(Duration deadline) {
    running("tables");
    return world.tables;
  }

  @Override
  public void mark(String word, Duration deadline) {
    world.operate(
        "capsule.mark",
        () -> {
          running("mark");
          world.data.mark(container, word);
        });
  }

  @Override
  public String mark(Duration deadline) {
    running("mark");
    return world.data.mark(container);
  }

  @Override
  public void lease(int epoch, Duration deadline) {
    world.operate(
        "capsule.lease",
        () -> {
          running("lease");
          world.data.lease(container, epoch);
        });
  }
}
