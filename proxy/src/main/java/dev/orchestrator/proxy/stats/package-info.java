/** Counters of routes, backends and holds, and snapshots of them. */
@NullMarked
package dev.orchestrator.proxy.stats;

import org.jspecify.annotations.NullMarked;
