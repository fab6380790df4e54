package dev.orchestrator.journal;

/** A generation and its present state. */
public record GenerationRecord(Generation generation, Generation.State state) {}
