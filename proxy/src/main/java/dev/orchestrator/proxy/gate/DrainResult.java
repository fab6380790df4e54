package dev.orchestrator.proxy.gate;

/**
 * How a drain ended.
 *
 * @param alone connections that ended by themselves within the budget
 * @param cut connections that were closed when it was over
 */
public record DrainResult(int alone, int cut) {}
