package dev.orchestrator.capsule;

/**
 * A table of a service's database.
 *
 * @param table its name, with that of its schema
 * @param rows the server's estimate of their number
 * @param writes since the server's start; 0 when the server doesn't count them
 * @param updated time of the last write since the server's start, in seconds of the epoch; 0 when
 *     it isn't known
 */
public record DatabaseTable(String service, String table, long rows, long writes, long updated) {}
