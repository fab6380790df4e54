package dev.orchestrator.engine;

import dev.orchestrator.engine.EngineException.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Connections to the engines of other hosts, one for each address; made at the first use. */
public final class DockerRemoteEngines implements RemoteEngines, AutoCloseable {
  private final Path home;
  private final Duration timeout;
  private final Map<String, DockerEngine> open = new HashMap<>();
  private final Map<String, String> ids = new HashMap<>();

  /**
   * Connects for a service.
   *
   * @param home its own folder
   * @param timeout for reaching an engine
   */
  public DockerRemoteEngines(Path home, Duration timeout) {
    this.home = home;
    this.timeout = timeout;
  }

  @Override
  public synchronized Found find(String address) {
    DockerEngine engine = engine(address);
    EngineInfo info = engine.info();
    ids.put(address, info.id());
    return new Found(new RemoteEngine(address, info.id(), engine.reachedHost()), engine, info);
  }

  private DockerEngine engine(String address) {
    DockerEngine known = open.get(address);
    if (known != null) {
      return known;
    }
    DockerEngine made = DockerEngine.elsewhere(EngineAddress.parse(address), home, timeout);
    open.put(address, made);
    return made;
  }

  @Override
  public synchronized Engine at(RemoteEngine where) {
    DockerEngine engine = engine(where.address());
    String id = ids.get(where.address());
    if (id == null) {
      id = engine.info().id();
      ids.put(where.address(), id);
    }
    if (!id.equals(where.id())) {
      throw new EngineException(
          Kind.REFUSED,
          "%s leads to another engine than it did (%s, and it was %s): give it back its name"
              .formatted(where.address(), id, where.id()));
    }
    return engine;
  }

  @Override
  public synchronized void close() {
    open.values().forEach(DockerEngine::close);
    open.clear();
    ids.clear();
  }
}
