package dev.orchestrator.stack;

import org.jspecify.annotations.Nullable;

/**
 * A project to make a stack of.
 *
 * @param project its name, its folder or one of its compose files
 * @param stack name of the stack to be; null for the project's
 * @param init whether the files alone become a stack, without any data of a project that runs
 */
public record AdoptRequest(String project, @Nullable String stack, boolean init) {}
