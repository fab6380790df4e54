package dev.orchestrator.engine;

/** The engines of other hosts. Thread-safe; calls block. */
public interface RemoteEngines {
  /** There are none. */
  RemoteEngines NONE =
      new RemoteEngines() {
        @Override
        public Found find(String address) {
          throw unreachable(address);
        }

        @Override
        public Engine at(RemoteEngine where) {
          throw unreachable(where.address());
        }

        private EngineException unreachable(String address) {
          return new EngineException(
              EngineException.Kind.UNREACHABLE, "there is no other engine at " + address);
        }
      };

  /** An engine and where it is. */
  record Found(RemoteEngine where, Engine engine, EngineInfo info) {}

  /**
   * Connects to the engine at an address.
   *
   * @throws dev.orchestrator.common.RefusedException when it is no address of an engine
   * @throws EngineException when no engine answers there
   */
  Found find(String address);

  /**
   * The engine that was found there before.
   *
   * @throws EngineException when it does not answer, or another engine does
   */
  Engine at(RemoteEngine where);
}
