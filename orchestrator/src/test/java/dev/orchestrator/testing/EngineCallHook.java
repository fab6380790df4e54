package dev.orchestrator.testing;

/**
 * Sees every call of an {@link FakeEngine}, by its method's name and what it is about. What it
 * throws, the caller gets: thrown before, the call had no effect; thrown after, it had.
 */
public interface EngineCallHook {
  public EngineCallHook NONE = (op, name) -> {};

  void before(String op, String name);

  public default void after(String op, String name) {}
}
