/**
 * Probes and the health gate: is every inner service healthy, several times in a row, before a
 * deadline?
 */
@NullMarked
package dev.orchestrator.health;

import org.jspecify.annotations.NullMarked;
