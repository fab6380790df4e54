/**
 * A stack out of the engine into one file, or into a registry: its image, its data, its settings.
 * Works beside the service, as a client of the engine.
 */
@NullMarked
package dev.orchestrator.export;

import org.jspecify.annotations.NullMarked;
