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
  private final FakeHost host;
  private final String container;

  public FakeCapsule(FakeHost host, String container) {
    this.host = host;
    this.container = container;
  }

  private void running(String what) {
    try {
      host.answer();
    } catch (EngineException e) {
      throw new CapsuleException(what + ": " + e.getMessage(), e);
    }
    if (!host.runs(container)) {
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
    if (!host.there(container)) {
      running("address");
    }
    return container;
  }

  @Override
  public void awaitReady(Duration deadline) {
    host.operate("capsule.ready", () -> running("ready"));
  }

  @Override
  public void create(Duration deadline) {
    host.operate("capsule.create", () -> running("create"));
  }

  @Override
  public void start(Duration deadline) {
    host.operate(
        "capsule.start",
        () -> {
          running("start");
          int mine =
              Integer.parseInt(host.engine.spec(container).env().getOrDefault("CAPSULE_EPOCH", ""));
          int held = host.data.lease(container);
          if (held != 0 && held != mine) {
            throw new CapsuleException(
                "refused: this capsule has epoch %d, its data belongs to epoch %d"
                    .formatted(mine, held));
          }
          if (!host.mounted.containsKey(container)) {
            host.data.mount(container);
          }
          host.writers.add(container);
          if (host.alive().size() > 1) {
            host.violations.add("two writers: " + host.writers);
          }
        });
  }

  @Override
  public void stop(Collection<String> services, Duration deadline) {
    host.operate(
        "capsule.stop",
        () -> {
          running("stop");
          if (services.isEmpty() || services.contains("db")) {
            host.writers.remove(container);
          }
          if (services.isEmpty()) {
            host.mounted.remove(container);
          }
        });
  }

  @Override
  public void freeze(Collection<String> services, Duration deadline) {
    host.operate(
        "capsule.freeze",
        () -> {
          running("freeze");
          host.frozen.add(container);
        });
  }

  @Override
  public void thaw(Duration deadline) {
    running("thaw");
    host.frozen.remove(container);
  }

  @Override
  public void mount(Duration deadline) {
    host.operate(
        "capsule.mount",
        () -> {
          running("mount");
          host.data.mount(container);
        });
  }

  @Override
  public CloneSupport clones(Duration deadline) {
    running("clones");
    return new CloneSupport(host.overlays, true, host.overlays ? "" : "no overlays here");
  }

  @Override
  public List<InnerService> services(Duration deadline) {
    running("state");
    if (host.slow.remove(container)) {
      throw new CapsuleException("capsule " + container + ": not done in time");
    }
    String state = host.alive().contains(container) ? "running" : "exited";
    return List.of(new InnerService("db", state, "healthy", 0, 0, ""));
  }

  @Override
  public ExecResult exec(String service, List<String> command, Duration deadline) {
    running("exec");
    String words = String.join(" ", command);
    host.commands.add(container + ": " + words);
    return host.failing.contains(words)
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
    return host.outside;
  }

  @Override
  public List<DatabaseTable> tables(Duration deadline) {
    running("tables");
    return host.tables;
  }

  @Override
  public void mark(String word, Duration deadline) {
    host.operate(
        "capsule.mark",
        () -> {
          running("mark");
          host.data.mark(container, word);
        });
  }

  @Override
  public String mark(Duration deadline) {
    running("mark");
    return host.data.mark(container);
  }

  @Override
  public void lease(int epoch, Duration deadline) {
    host.operate(
        "capsule.lease",
        () -> {
          running("lease");
          host.data.lease(container, epoch);
        });
  }
}
