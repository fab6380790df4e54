package dev.orchestrator.stack;

/**
 * A file of an export that is becoming a stack. JSON of the API: component names are a contract.
 *
 * @param folder with its stack.conf and its version
 * @param id of the run that brings it up
 */
public record Imported(String stack, String folder, String id) {}
