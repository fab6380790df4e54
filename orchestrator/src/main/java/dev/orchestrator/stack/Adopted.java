package dev.orchestrator.stack;

/**
 * A project that has become a stack. JSON of the API: component names are a contract.
 *
 * @param folder with its stack.conf and its first version
 * @param id of the run that moves it; empty where only the folder was made
 */
public record Adopted(String stack, String folder, String id) {}
