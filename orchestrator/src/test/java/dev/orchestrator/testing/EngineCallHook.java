package dev.orchestrator.testing;

/**
 * Sees every call of a {@link FakeEngine}, by method name and by name of the container, volume or
 * image. The caller gets what the hook throws: a call has no effect when the hook throws before it,
 * and has its effect when the hook throws after it.
 */
public interface EngineCallHook {
  public EngineCallHook NONE = (op, name) -> {};

  void before(String op, String name);

  public default void after(String op, String name) {}
}
