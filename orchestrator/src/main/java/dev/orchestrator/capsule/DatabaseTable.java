package dev.orchestrator.capsule;

/**
 * A table of a service's database.
 *
 * @param table with its schema's name
 * @param rows as the server estimates them
 * @param writes that it has seen, 0 where the server doesn't count them
 * @param updated second of the last write since the server's start, 0 where it isn't known
 */
public record DatabaseTable(String service, String table, long rows, long writes, long updated) {}
