package dev.orchestrator.journal;

/** A generation and what it is at present. */
public record GenerationRow(Generation generation, Generation.State state) {}
