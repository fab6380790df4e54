/**
 * Where connections wait while a route is held, how they get to a backend, and how those that are
 * open are drained.
 */
@NullMarked
package dev.orchestrator.proxy.gate;

import org.jspecify.annotations.NullMarked;
