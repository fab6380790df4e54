/**
 * The saga: runs the steps of a run and undoes them on a failure. A plan is a list of steps; the
 * journal has each line before its side effect. {@code Saga} is the only writer of upgrade state.
 */
@NullMarked
package dev.orchestrator.upgrade;

import org.jspecify.annotations.NullMarked;
