/** Cron-driven updates: when, and to which version. */
@NullMarked
package dev.orchestrator.schedule;

import org.jspecify.annotations.NullMarked;
