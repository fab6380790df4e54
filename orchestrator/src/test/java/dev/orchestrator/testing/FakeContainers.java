package dev.orchestrator.testing;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ContainerWatcher;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.engine.PublishedPort;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The containers of an {@link FakeEngine}. Behaviours run outside the lock. */
public final class FakeContainers {
  private static final class Entry {
    final ContainerSpec spec;
    final String id;
    final String address;
    final List<String> log = new ArrayList<>();
    String state = "created";
    String restartPolicy = "";
    int exitCode;
    int starts;

    Entry(ContainerSpec spec, int number) {
      this.spec = spec;
      this.id = "%064x".formatted(number);
      this.address = "172.17.%d.%d".formatted(number / 250, 2 + number % 250);
    }
  }

  private final FakeEngine engine;
  private final FakeBehaviour behaviour;
  private final FakeVolumes volumes;
  private final FakeImages images;
  private final Map<String, Entry> all = new LinkedHashMap<>();
  private final List<Watch> watches = new CopyOnWriteArrayList<>();
  private int next;

  private record Watch(Map<String, String> labels, ContainerWatcher watcher) {}

  public FakeContainers(
      FakeEngine engine, FakeBehaviour behaviour, FakeVolumes volumes, FakeImages images) {
    this.engine = engine;
    this.behaviour = behaviour;
    this.volumes = volumes;
    this.images = images;
  }

  public synchronized Optional<ContainerInfo> get(String name) {
    return Optional.ofNullable(all.get(name)).map(FakeContainers::info);
  }

  public synchronized List<ContainerInfo> list(Map<String, String> labels) {
    return all.values().stream()
        .filter(c -> c.spec.labels().entrySet().containsAll(labels.entrySet()))
        .map(FakeContainers::info)
        .toList();
  }

  public synchronized List<ContainerDetails> details(String label) {
    return all.values().stream()
        .filter(c -> label.isEmpty() || c.spec.labels().containsKey(label))
        .map(this::details)
        .toList();
  }

  private ContainerDetails details(Entry entry) {
    ContainerSpec spec = entry.spec;
    return new ContainerDetails(
        entry.id,
        spec.name(),
        spec.image(),
        images.get(spec.image()).map(ImageInfo::id).orElse(""),
        entry.state,
        spec.labels(),
        spec.env().entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList(),
        spec.entrypoint(),
        spec.command(),
        spec.mounts().stream()
            .map(mount ->
                new ContainerDetails.MountPoint(
                    mount.hostPath() ? "bind" : "volume",
                    mount.source(),
                    mount.target(),
                    mount.readOnly()))
            .toList(),
        List.of(),
        List.of(spec.network()),
        spec.network(),
        "no",
        "",
        spec.stopTimeout(),
        JsonNodeFactory.instance.objectNode());
  }

  public synchronized void create(ContainerSpec spec) {
    String doing = "creating container " + spec.name();
    images.requireImage(doing, spec.image());
    for (Mount mount : spec.mounts()) {
      if (!mount.hostPath() && volumes.get(mount.source()).isEmpty()) {
        throw new EngineException(
            Kind.NOT_FOUND, doing + ": volume " + mount.source() + " isn't there");
      }
      if (mount.hostPath() && !Files.exists(Path.of(mount.source()))) {
        throw new EngineException(
            Kind.REFUSED, doing + ": bind source path does not exist: " + mount.source());
      }
    }
    if (all.containsKey(spec.name())) {
      throw new EngineException(Kind.CONFLICT, doing + ": the name is in use");
    }
    all.put(spec.name(), new Entry(spec, ++next));
  }

  public void start(String name) {
    Entry entry;
    synchronized (this) {
      entry = require("starting", name);
      if (entry.state.equals("running")) {
        return;
      }
      if (entry.state.equals("paused")) {
        throw new EngineException(Kind.REFUSED, "starting " + name + ": it is paused");
      }
      entry.state = "running";
      entry.starts++;
      tell(entry);
    }
    OptionalInt code = behaviour.run(engine, entry.spec, line -> log(entry, line));
    code.ifPresent(exit -> exit(name, exit));
  }

  public synchronized void stop(String name) {
    Entry entry = require("stopping", name);
    if (entry.state.equals("running") || entry.state.equals("paused")) {
      end(entry, 0);
    }
  }

  public synchronized void kill(String name) {
    Entry entry = require("killing", name);
    if (entry.state.equals("running") || entry.state.equals("paused")) {
      end(entry, 137);
    }
  }

  public synchronized void pause(String name) {
    Entry entry = require("pausing", name);
    switch (entry.state) {
      case "running" -> {
        entry.state = "paused";
        tell(entry);
      }
      case "paused" -> {}
      default -> throw new EngineException(Kind.CONFLICT, "pausing " + name + ": not running");
    }
  }

  public synchronized void unpause(String name) {
    Entry entry = require("unpausing", name);
    if (entry.state.equals("paused")) {
      entry.state = "running";
      tell(entry);
    }
  }

  public synchronized void setRestartPolicy(String name, String policy) {
    require("setting the restart policy of", name).restartPolicy = policy;
  }

  public synchronized String restartPolicy(String name) {
    return require("looking at", name).restartPolicy;
  }

  public synchronized void remove(String name) {
    Entry entry = all.remove(name);
    if (entry != null) {
      end(entry, 137);
    }
  }

  public synchronized void exit(String name, int code) {
    end(require("ending", name), code);
  }

  public synchronized int awaitExit(String name, Duration deadline) {
    String doing = "waiting for container " + name;
    Entry entry = require("waiting for", name);
    if (entry.state.equals("created")) {
      throw new EngineException(Kind.REFUSED, doing + ": it was never started");
    }
    long end = System.nanoTime() + deadline.toNanos();
    while (!entry.state.equals("exited")) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw new EngineException(Kind.TIMEOUT, doing + ": not done within " + deadline);
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new EngineException(Kind.INTERRUPTED, doing + ": interrupted", e);
      }
    }
    return entry.exitCode;
  }

  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return runIn(name, command, deadline, spec -> behaviour.exec(engine, spec, command, line));
  }

  public ExecResult execInput(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line) {
    return runIn(
        name, command, deadline, spec -> behaviour.execInput(engine, spec, command, in, line));
  }

  /** A program in a container. */
  private interface Program {
    ExecResult run(ContainerSpec spec) throws InterruptedException, IOException;
  }

  private ExecResult runIn(String name, List<String> command, Duration deadline, Program program) {
    String doing = "running %s in container %s".formatted(command.getFirst(), name);
    ContainerSpec spec;
    synchronized (this) {
      Entry entry = require("running a command in", name);
      if (!entry.state.equals("running")) {
        throw new EngineException(Kind.CONFLICT, doing + ": it is " + entry.state);
      }
      spec = entry.spec;
    }
    FutureTask<ExecResult> task = new FutureTask<>(() -> program.run(spec));
    Thread.ofVirtual().start(task);
    try {
      return task.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw new EngineException(Kind.TIMEOUT, doing + ": not done within " + deadline, e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new EngineException(Kind.INTERRUPTED, doing + ": interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof EngineException known
          ? known
          : new IllegalStateException(doing, e);
    }
  }

  public synchronized List<String> logs(String name, int tail) {
    List<String> log = require("reading the log of", name).log;
    return List.copyOf(log.subList(Math.max(0, log.size() - tail), log.size()));
  }

  public synchronized ContainerSpec spec(String name) {
    return require("looking at", name).spec;
  }

  /** Names of the containers that mount a volume. */
  public synchronized List<String> using(String volume) {
    return all.values().stream()
        .filter(c -> c.spec.mounts().stream().anyMatch(m -> m.source().equals(volume)))
        .map(c -> c.spec.name())
        .toList();
  }

  public synchronized List<String> runningWith(String volume) {
    return all.values().stream()
        .filter(c -> c.state.equals("running") || c.state.equals("paused"))
        .filter(c -> c.spec.mounts().stream().anyMatch(m -> m.source().equals(volume)))
        .map(c -> c.spec.name())
        .toList();
  }

  public synchronized List<String> images() {
    return all.values().stream().map(c -> c.spec.image()).toList();
  }

  private synchronized void log(Entry entry, String line) {
    entry.log.add(line);
  }

  private void end(Entry entry, int code) {
    entry.state = "exited";
    entry.exitCode = code;
    tell(entry);
    notifyAll();
  }

  public Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    Watch watch = new Watch(labels, watcher);
    watches.add(watch);
    watcher.began();
    return () -> end(watch);
  }

  public void endWatches() {
    watches.forEach(this::end);
  }

  private void end(Watch watch) {
    if (watches.remove(watch)) {
      watch.watcher().ended();
    }
  }

  private void tell(Entry entry) {
    watchersOf(entry).forEach(ContainerWatcher::changed);
  }

  public synchronized void runByHand(String name) {
    watchersOf(require("running a command in", name)).forEach(ContainerWatcher::commandEnded);
  }

  private List<ContainerWatcher> watchersOf(Entry entry) {
    return watches.stream()
        .filter(watch -> entry.spec.labels().entrySet().containsAll(watch.labels().entrySet()))
        .map(Watch::watcher)
        .toList();
  }

  private Entry require(String doing, String name) {
    Entry entry = all.get(name);
    if (entry == null) {
      throw new EngineException(
          Kind.NOT_FOUND, "%s container %s: No such container".formatted(doing, name));
    }
    return entry;
  }

  private static ContainerInfo info(Entry c) {
    boolean addressed = c.state.equals("running") || c.state.equals("paused");
    return new ContainerInfo(
        c.spec.name(),
        c.id,
        c.spec.image(),
        c.state,
        c.exitCode,
        "start " + c.starts,
        addressed && !c.spec.network().equals("none") ? c.address : "",
        c.spec.labels(),
        c.spec.published().stream()
            .collect(Collectors.toMap(PublishedPort::inner, PublishedPort::port, (a, b) -> a)));
  }
}
