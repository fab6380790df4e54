/**
 * The durable store (SQLite): generations, upgrades and their steps, receipts, quarantined
 * versions. The one source of truth after a restart.
 */
@NullMarked
package dev.orchestrator.journal;

import org.jspecify.annotations.NullMarked;
