/** Scheduled upgrades: at which times, to which version. */
@NullMarked
package dev.orchestrator.schedule;

import org.jspecify.annotations.NullMarked;
