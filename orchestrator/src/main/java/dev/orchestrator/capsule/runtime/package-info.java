/** Starts capsules from their images, and controls those that run. */
@NullMarked
package dev.orchestrator.capsule.runtime;

import org.jspecify.annotations.NullMarked;
