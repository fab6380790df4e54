package dev.orchestrator.journal;

/** A generation and what it is at present. */
public record GenerationRecord(Generation generation, Generation.State state) {}
