package dev.orchestrator.data;

/** What a volume takes and what the disk under the engine has left, in bytes. */
public record Space(long used, long free) {}
