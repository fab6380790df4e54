/** The figures of routes, backends and holds. */
@NullMarked
package dev.orchestrator.proxy.stats;

import org.jspecify.annotations.NullMarked;
