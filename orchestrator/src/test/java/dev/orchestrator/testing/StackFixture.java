package dev.orchestrator.testing;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.stack.Control;
import java.nio.file.Path;

/** A stack in memory with versions v1, v2 and v3, for tests of those who use {@link Control}. */
public final class StackFixture implements AutoCloseable {
  private final FakeHost host = new FakeHost();
  private final OrchestratorFixture at;

  public StackFixture(Path home) {
    at = new OrchestratorFixture(host, home);
  }

  public Control control() {
    return at.control;
  }

  /** The version that serves. */
  public String serves() {
    return at.journal.serving().map(Generation::version).orElse("nothing");
  }

  /** Every capsule of this version stays unhealthy from now on. */
  public void neverHealthy(String version) {
    host.neverHealthy.add(version);
  }

  public void healthyAgain() {
    host.neverHealthy.clear();
  }

  /** Folder of a version, for a test that changes it. */
  public Path release(String version) {
    return OrchestratorFixture.settings(at.home).stack().releases().resolve(version);
  }

  @Override
  public void close() {
    at.close();
  }
}
