/**
 * Takes a compose project over that runs on the engine's host: finds it, reads it as Compose does,
 * and writes the folder of a stack that does the same.
 */
@NullMarked
package dev.orchestrator.adopt;

import org.jspecify.annotations.NullMarked;
