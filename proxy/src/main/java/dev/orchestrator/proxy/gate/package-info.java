/**
 * The gate: connections wait here while a route is held, get a connection to a target of the
 * backend that serves, and are drained before that backend is stopped.
 */
@NullMarked
package dev.orchestrator.proxy.gate;

import org.jspecify.annotations.NullMarked;
