package dev.orchestrator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ContainerWatcher;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.ExecStream;
import dev.orchestrator.engine.ImageConfig;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Platform;
import dev.orchestrator.engine.VolumeInfo;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * An engine in memory, for tests of the code above it: containers, volumes with content, images. A
 * {@link FakeBehaviour} defines what processes do; an {@link EngineCallHook} sees each call before
 * and after and may throw, as a failing engine would. Passes {@code EngineContract}. Thread-safe.
 */
public final class FakeEngine implements Engine {
  private final String id;
  private final FakeVolumes volumes = new FakeVolumes();
  private final FakeImages images = new FakeImages();
  private final Map<String, Map<String, String>> networks = new ConcurrentSkipListMap<>();
  private final FakeContainers containers;
  private volatile EngineCallHook hook = EngineCallHook.NONE;

  public FakeEngine(FakeBehaviour behaviour) {
    this(behaviour, "engine");
  }

  /**
   * An engine that is not the only one.
   *
   * @param id by which it is known
   */
  public FakeEngine(FakeBehaviour behaviour, String id) {
    this.id = id;
    this.containers = new FakeContainers(this, behaviour, volumes, images);
  }

  public void hook(EngineCallHook newHook) {
    hook = newHook;
  }

  /** The content of a volume, path to text; live: a test may change it. */
  public Map<String, String> content(String volume) {
    return volumes.content(volume);
  }

  /** Adds an image. */
  public void addImage(String reference, Map<String, String> labels) {
    images.add(reference, List.of(), labels);
  }

  /** Adds an image that a pull finds. */
  public void addToRegistry(String reference) {
    images.addToRegistry(reference);
  }

  /** Lets a running container end by itself. */
  public void exit(String container, int code) {
    containers.exit(container, code);
  }

  /** Starts a container as the engine does by its restart policy. */
  public void startByItself(String container) {
    containers.start(container);
  }

  public ContainerSpec spec(String container) {
    return containers.spec(container);
  }

  @Override
  public EngineInfo info() {
    return call(
        "info",
        "",
        () ->
            new EngineInfo(
                id,
                "memory://",
                "26.1.5",
                "1.45",
                "overlay2",
                "/var/lib/docker",
                2,
                new Platform("linux", "amd64", ""),
                false));
  }

  @Override
  public Optional<ContainerInfo> container(String name) {
    return call("container", name, () -> containers.get(name));
  }

  @Override
  public List<ContainerInfo> containers(Map<String, String> labels) {
    return call("containers", "", () -> containers.list(labels));
  }

  @Override
  public List<ContainerDetails> containerDetails(String label) {
    return call("containerDetails", "", () -> containers.details(label));
  }

  @Override
  public void createContainer(ContainerSpec spec) {
    run("createContainer", spec.name(), () -> containers.create(spec));
  }

  @Override
  public void startContainer(String name) {
    run("startContainer", name, () -> containers.start(name));
  }

  @Override
  public void stopContainer(String name, Duration timeout) {
    run("stopContainer", name, () -> containers.stop(name));
  }

  @Override
  public void killContainer(String name) {
    run("killContainer", name, () -> containers.kill(name));
  }

  @Override
  public void pauseContainer(String name) {
    run("pauseContainer", name, () -> containers.pause(name));
  }

  @Override
  public void unpauseContainer(String name) {
    run("unpauseContainer", name, () -> containers.unpause(name));
  }

  @Override
  public void setRestartPolicy(String name, String policy) {
    run("setRestartPolicy", name, () -> containers.setRestartPolicy(name, policy));
  }

  /** The restart policy that a container was given last; empty where it was given none. */
  public String restartPolicy(String container) {
    return containers.restartPolicy(container);
  }

  @Override
  public void removeContainer(String name) {
    run("removeContainer", name, () -> containers.remove(name));
  }

  @Override
  public int awaitExit(String name, Duration deadline) {
    return call("awaitExit", name, () -> containers.awaitExit(name, deadline));
  }

  @Override
  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return call("exec", name, () -> containers.exec(name, command, deadline, line));
  }

  /** Its command has ended already, with what {@link #exec} says. */
  @Override
  public ExecStream openExec(String name, List<String> command, Consumer<String> errorLine) {
    ExecResult result = exec(name, command, Duration.ofMinutes(1), line -> {});
    return new ExecStream() {
      @Override
      public OutputStream input() {
        return OutputStream.nullOutputStream();
      }

      @Override
      public InputStream output() {
        return new ByteArrayInputStream(result.stdout().getBytes(StandardCharsets.UTF_8));
      }

      @Override
      public int exitCode() {
        return result.exitCode();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public ExecResult execOutput(
      String name, List<String> command, Duration deadline, OutputStream out) {
    return call(
        "execOutput",
        name,
        () -> {
          ExecResult result = containers.exec(name, command, deadline, line -> {});
          try {
            out.write(result.stdout().getBytes(StandardCharsets.UTF_8));
          } catch (IOException e) {
            throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
          }
          return new ExecResult(result.exitCode(), "", result.stderr());
        });
  }

  @Override
  public ExecResult execInput(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line) {
    return call("execInput", name, () -> containers.execInput(name, command, deadline, in, line));
  }

  @Override
  public Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    return call("watch", "", () -> containers.watch(labels, watcher));
  }

  /** Tells that somebody has run a command in a container. */
  public void runByHand(String name) {
    containers.runByHand(name);
  }

  /** Ends all watches, as an engine that goes away does. */
  public void endWatches() {
    containers.endWatches();
  }

  @Override
  public List<String> logs(String name, int tail) {
    return call("logs", name, () -> containers.logs(name, tail));
  }

  /** Only checks that the container is there. */
  @Override
  public void putArchive(String name, String directory, InputStream tar) {
    run("putArchive", name, () -> containers.spec(name));
  }

  @Override
  public Optional<VolumeInfo> volume(String name) {
    return call("volume", name, () -> volumes.get(name));
  }

  @Override
  public List<VolumeInfo> volumes(Map<String, String> labels) {
    return call("volumes", "", () -> volumes.list(labels));
  }

  @Override
  public void createVolume(String name, Map<String, String> labels, Map<String, String> options) {
    run("createVolume", name, () -> volumes.create(name, labels));
  }

  @Override
  public List<String> volumeUsers(String name) {
    return call("volumeUsers", name, () -> containers.runningWith(name));
  }

  @Override
  public void removeVolume(String name) {
    run("removeVolume", name, () -> volumes.remove(name, containers.using(name)));
  }

  @Override
  public List<String> subnets(String network) {
    return call(
        "subnets",
        network,
        () -> network.equals("bridge") ? List.of("172.17.0.0/16") : List.<String>of());
  }

  @Override
  public void createIsolatedNetwork(String name, Map<String, String> labels) {
    run(
        "createIsolatedNetwork",
        name,
        () -> {
          Map<String, String> found = networks.putIfAbsent(name, Map.copyOf(labels));
          if (found != null && !found.equals(labels)) {
            throw new EngineException(
                EngineException.Kind.CONFLICT, "creating network " + name + ": other labels");
          }
        });
  }

  @Override
  public List<String> networks(Map<String, String> labels) {
    return call(
        "networks",
        "",
        () ->
            networks.entrySet().stream()
                .filter(network -> network.getValue().entrySet().containsAll(labels.entrySet()))
                .map(Map.Entry::getKey)
                .toList());
  }

  @Override
  public void removeNetwork(String name) {
    run(
        "removeNetwork",
        name,
        () -> {
          if (containers.list(Map.of()).stream()
              .anyMatch(container -> spec(container.name()).network().equals(name))) {
            throw new EngineException(
                EngineException.Kind.REFUSED,
                "removing network " + name + ": it has active endpoints");
          }
          networks.remove(name);
        });
  }

  @Override
  public Optional<ImageInfo> image(String reference) {
    return call("image", reference, () -> images.get(reference));
  }

  @Override
  public Optional<JsonNode> imageConfig(String reference) {
    return call(
        "imageConfig",
        reference,
        () ->
            images
                .get(reference)
                .map(image -> {
                  ObjectNode config = JsonNodeFactory.instance.objectNode();
                  ObjectNode labels = config.putObject("Labels");
                  image.labels().forEach(labels::put);
                  return (JsonNode) config;
                }));
  }

  @Override
  public List<ImageInfo> images(Map<String, String> labels) {
    return call("images", "", () -> images.list(labels));
  }

  @Override
  public void pull(String reference, Duration deadline, Consumer<String> progress) {
    run("pull", reference, () -> images.pull(reference));
  }

  @Override
  public String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    return call("build", spec.tag(), () -> images.add(spec.tag(), List.of(), spec.labels()));
  }

  @Override
  public String commit(String container, String reference, ImageConfig config) {
    return call(
        "commit",
        reference,
        () -> images.commit(containers.spec(container).image(), reference, config));
  }

  @Override
  public void tag(String image, String reference) {
    run("tag", reference, () -> images.tag(image, reference));
  }

  @Override
  public <T> T save(String reference, Duration deadline, ImageReader<T> reader) {
    return call(
        "save",
        reference,
        () -> {
          try {
            return reader.read(new ByteArrayInputStream(images.save(reference)));
          } catch (IOException e) {
            throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
          }
        });
  }

  @Override
  public void load(InputStream saved, Duration deadline, Consumer<String> progress) {
    run(
        "load",
        "",
        () -> {
          try {
            images.load(saved.readAllBytes());
          } catch (IOException e) {
            throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
          }
        });
  }

  @Override
  public void removeImage(String reference) {
    run("removeImage", reference, () -> images.remove(reference, containers.images()));
  }

  @Override
  public void close() {}

  private void run(String op, String name, Runnable body) {
    call(
        op,
        name,
        () -> {
          body.run();
          return true;
        });
  }

  private <T> T call(String op, String name, Supplier<T> body) {
    hook.before(op, name);
    T result = body.get();
    hook.after(op, name);
    return result;
  }
}
