package dev.orchestrator.engine;

/**
 * Is told by an engine what becomes of containers, see {@link Engine#watch}. Called on a thread of
 * the engine's client: must not block.
 */
public interface ContainerWatcher {
  /** From now on nothing is missed. */
  void began();

  /** A container has started, ended, was frozen or removed, or goes on. */
  void changed();

  /**
   * A command has ended in a container, such as one of {@code docker exec}; not those of this
   * process.
   */
  void commandEnded();

  /** Nothing more will be told: the engine has gone or could not be reached, or it was closed. */
  void ended();
}
