package dev.orchestrator.settings;

/**
 * How the data moves.
 *
 * @param reserve bytes that must stay free on the engine's disk
 */
public record DataSettings(Strategy strategy, Quiesce quiesce, long reserve) {

  /** How green gets its data. */
  public enum Strategy {
    COPY
  }

  /** How blue's writers stop. */
  public enum Quiesce {
    STOP
  }
}
