package dev.orchestrator.upgrade;

import com.fasterxml.jackson.databind.JsonNode;
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
import dev.orchestrator.engine.Mount;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engines of a stack as one. Containers and volumes go by their names, which have the number of
 * their generation: those of a generation that is on another engine are asked for there, everything
 * else here, images too. A list has what all of them have; an engine of another host that does not
 * answer is left out of it, as it must not stop what is done here. Thread-safe.
 */
public final class StackEngine implements Engine {
  private static final Logger log = LoggerFactory.getLogger(StackEngine.class);

  private final Engine here;
  private final Journal journal;
  private final RemoteEngines others;

  /** Helper containers and volumes of other engines, whose names tell no generation. */
  private final Map<String, RemoteEngine> helpers = new ConcurrentHashMap<>();

  public StackEngine(Engine here, Journal journal, RemoteEngines others) {
    this.here = here;
    this.journal = journal;
    this.others = others;
  }

  /** The engine that has a container or volume of this name, or would have it. */
  public Engine of(String name) {
    RemoteEngine where = find(name);
    return where == null ? here : others.at(where);
  }

  private @Nullable RemoteEngine find(String name) {
    for (Generation generation : journal.elsewhere()) {
      String own = generation.container();
      if (name.equals(own) || name.startsWith(own + "-")) {
        return generation.elsewhere();
      }
    }
    return helpers.get(name);
  }

  /** What a list of every engine has. */
  private <T> List<T> all(Function<Engine, List<T>> list, Function<T, String> name) {
    List<T> all = new ArrayList<>(list.apply(here));
    for (RemoteEngine where : places()) {
      try {
        for (T found : list.apply(others.at(where))) {
          helpers.put(name.apply(found), where);
          all.add(found);
        }
      } catch (EngineException e) {
        log.warn("what is on {} is left out: {}", where.address(), e.getMessage());
      }
    }
    return all;
  }

  private List<RemoteEngine> places() {
    return journal.presentElsewhere().stream()
        .map(Generation::elsewhere)
        .flatMap(Stream::ofNullable)
        .distinct()
        .toList();
  }

  private static ContainerInfo reached(ContainerInfo info, RemoteEngine where) {
    return info.address().isEmpty() ? info : info.reachedAt(where.host());
  }

  @Override
  public EngineInfo info() {
    return here.info();
  }

  @Override
  public Optional<ContainerInfo> container(String name) {
    RemoteEngine where = find(name);
    return where == null
        ? here.container(name)
        : others.at(where).container(name).map(info -> reached(info, where));
  }

  @Override
  public List<ContainerInfo> containers(Map<String, String> labels) {
    return all(engine -> engine.containers(labels), ContainerInfo::name);
  }

  @Override
  public List<ContainerDetails> containerDetails(String label) {
    return here.containerDetails(label);
  }

  @Override
  public void createContainer(ContainerSpec spec) {
    RemoteEngine where = find(spec.name());
    for (Mount mount : spec.mounts()) {
      if (where == null && !mount.hostPath()) {
        where = find(mount.source());
      }
    }
    if (where == null) {
      here.createContainer(spec);
    } else {
      helpers.put(spec.name(), where);
      others.at(where).createContainer(spec);
    }
  }

  @Override
  public void startContainer(String name) {
    of(name).startContainer(name);
  }

  @Override
  public void stopContainer(String name, Duration timeout) {
    of(name).stopContainer(name, timeout);
  }

  @Override
  public void killContainer(String name) {
    of(name).killContainer(name);
  }

  @Override
  public void pauseContainer(String name) {
    of(name).pauseContainer(name);
  }

  @Override
  public void unpauseContainer(String name) {
    of(name).unpauseContainer(name);
  }

  @Override
  public void setRestartPolicy(String name, String policy) {
    of(name).setRestartPolicy(name, policy);
  }

  @Override
  public void removeContainer(String name) {
    of(name).removeContainer(name);
    helpers.remove(name);
  }

  @Override
  public int awaitExit(String name, Duration deadline) {
    return of(name).awaitExit(name, deadline);
  }

  @Override
  public ExecResult exec(
      String name, List<String> command, Duration deadline, Consumer<String> line) {
    return of(name).exec(name, command, deadline, line);
  }

  @Override
  public ExecResult execOutput(
      String name, List<String> command, Duration deadline, OutputStream out) {
    return of(name).execOutput(name, command, deadline, out);
  }

  @Override
  public ExecResult execInput(
      String name, List<String> command, Duration deadline, InputStream in, Consumer<String> line) {
    return of(name).execInput(name, command, deadline, in, line);
  }

  @Override
  public ExecStream openExec(String name, List<String> command, Consumer<String> errorLine) {
    return of(name).openExec(name, command, errorLine);
  }

  /** Of this engine's containers; those of others are looked at again and again. */
  @Override
  public Closeable watch(Map<String, String> labels, ContainerWatcher watcher) {
    return here.watch(labels, watcher);
  }

  @Override
  public List<String> logs(String name, int tail) {
    return of(name).logs(name, tail);
  }

  @Override
  public void putArchive(String name, String directory, InputStream tar) {
    of(name).putArchive(name, directory, tar);
  }

  @Override
  public Optional<VolumeInfo> volume(String name) {
    return of(name).volume(name);
  }

  @Override
  public List<VolumeInfo> volumes(Map<String, String> labels) {
    return all(engine -> engine.volumes(labels), VolumeInfo::name);
  }

  @Override
  public void createVolume(String name, Map<String, String> labels, Map<String, String> options) {
    of(name).createVolume(name, labels, options);
  }

  @Override
  public void removeVolume(String name) {
    of(name).removeVolume(name);
    helpers.remove(name);
  }

  @Override
  public List<String> volumeUsers(String name) {
    return of(name).volumeUsers(name);
  }

  @Override
  public List<String> subnets(String network) {
    return here.subnets(network);
  }

  @Override
  public void createIsolatedNetwork(String name, Map<String, String> labels) {
    here.createIsolatedNetwork(name, labels);
  }

  @Override
  public List<String> networks(Map<String, String> labels) {
    return here.networks(labels);
  }

  @Override
  public void removeNetwork(String name) {
    here.removeNetwork(name);
  }

  @Override
  public Optional<ImageInfo> image(String reference) {
    return here.image(reference);
  }

  @Override
  public Optional<JsonNode> imageConfig(String reference) {
    return here.imageConfig(reference);
  }

  @Override
  public List<ImageInfo> images(Map<String, String> labels) {
    return here.images(labels);
  }

  @Override
  public void pull(String reference, Duration deadline, Consumer<String> progress) {
    here.pull(reference, deadline, progress);
  }

  @Override
  public String build(BuildSpec spec, Duration deadline, Consumer<String> progress) {
    return here.build(spec, deadline, progress);
  }

  @Override
  public String commit(String container, String reference, ImageConfig config) {
    return here.commit(container, reference, config);
  }

  @Override
  public <T> T save(String reference, Duration deadline, ImageReader<T> reader) {
    return here.save(reference, deadline, reader);
  }

  @Override
  public void load(InputStream images, Duration deadline, Consumer<String> progress) {
    here.load(images, deadline, progress);
  }

  @Override
  public void tag(String image, String reference) {
    here.tag(image, reference);
  }

  @Override
  public void removeImage(String reference) {
    here.removeImage(reference);
  }

  /** Closes nothing: the engines belong to the service. */
  @Override
  public void close() {}
}
