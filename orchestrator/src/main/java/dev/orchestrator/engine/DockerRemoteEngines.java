package dev.orchestrator.engine;

import dev.orchestrator.engine.EngineException.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connections to the engines of other hosts, one for each address; made at the first use. A host
 * that does not answer keeps nobody from another.
 */
public final class DockerRemoteEngines implements RemoteEngines, AutoCloseable {
  private final Path home;
  private final Duration timeout;
  private final Map<String, DockerEngine> open = new ConcurrentHashMap<>();
  private final Map<String, String> ids = new ConcurrentHashMap<>();

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
  public Found find(String address) {
    DockerEngine engine = engine(address);
    EngineInfo info = engine.info();
    ids.put(address, info.id());
    return new Found(new RemoteEngine(address, info.id(), engine.reachedHost()), engine, info);
  }

  /** Connects to nothing yet. */
  private DockerEngine engine(String address) {
    return open.computeIfAbsent(
        address, text -> DockerEngine.elsewhere(EngineAddress.parse(text), home, timeout));
  }

  @Override
  public Engine at(RemoteEngine where) {
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
  public void close() {
    open.values().forEach(DockerEngine::close);
    open.clear();
    ids.clear();
  }
}
