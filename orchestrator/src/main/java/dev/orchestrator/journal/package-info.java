/**
 * The durable store of a stack, an SQLite file: generations, runs with their steps, receipts and
 * quarantined versions. After a restart it is the only source of truth.
 */
@NullMarked
package dev.orchestrator.journal;

import org.jspecify.annotations.NullMarked;
