package dev.orchestrator.testing;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.stack.Control;
import java.nio.file.Path;

/** A stack in memory with versions v1, v2 and v3, for tests of users of {@link Control}. */
public final class StackFixture implements AutoCloseable {
  private final FakeHost host = new FakeHost();
  private final OrchestratorFixture service;

  public StackFixture(Path home) {
    service = new OrchestratorFixture(host, home);
  }

  public Control control() {
    return service.control;
  }

  /** The version that serves. */
  public String servingVersion() {
    return service.journal.serving().map(Generation::version).orElse("nothing");
  }

  /** Makes every capsule of a version unhealthy. */
  public void makeUnhealthy(String version) {
    host.unhealthy.add(version);
  }

  public void makeHealthy() {
    host.unhealthy.clear();
  }

  /** Folder of a version, for a test that changes it. */
  public Path release(String version) {
    return OrchestratorFixture.settings(service.home).stack().releases().resolve(version);
  }

  @Override
  public void close() {
    service.close();
  }
}
