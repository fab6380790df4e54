package dev.orchestrator.proxy.gate;

/**
 * How a drain ended.
 *
 * @param ended sessions that ended by themselves within the budget
 * @param cut sessions that were cut when the budget was spent
 */
public record DrainResult(int ended, int cut) {}
