/**
 * The saga: a plan is data, one exhaustive switch runs it, the journal has each line before its
 * side effect. {@code Saga} is the only writer of upgrade state.
 */
@NullMarked
package dev.orchestrator.upgrade;

import org.jspecify.annotations.NullMarked;
