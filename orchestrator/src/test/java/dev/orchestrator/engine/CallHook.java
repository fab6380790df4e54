package dev.orchestrator.engine;

/**
 * Sees every call of an {@link InMemoryEngine}, by its method's name and what it is about. What it
 * throws, the caller gets: thrown before, the call had no effect; thrown after, it had.
 */
public interface CallHook {
  CallHook NONE = (op, name) -> {};

  void before(String op, String name);

  default void after(String op, String name) {}
}
