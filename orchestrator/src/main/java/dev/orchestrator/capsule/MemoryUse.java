package dev.orchestrator.capsule;

/**
 * The memory of a capsule and of its host, in bytes.
 *
 * @param used by its processes, without the files that the kernel may drop from memory
 * @param peak the most since its start, those files included; 0 where the kernel does not tell
 * @param available on the host, for new processes, without swapping
 */
public record MemoryUse(long used, long peak, long available) {}
