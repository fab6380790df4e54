/**
 * Checks whether a capsule is healthy: every service by the state of its container and its own
 * health check, and every probe of the stack.
 */
@NullMarked
package dev.orchestrator.health;

import org.jspecify.annotations.NullMarked;
