/**
 * The steps of runs, one file each, and the lists of steps for each kind of run ({@link
 * dev.orchestrator.upgrade.steps.UpgradePlans}).
 *
 * <p>A new step needs a subclass of {@link dev.orchestrator.upgrade.Step} here, a place in
 * UpgradePlans, and a scenario in the tests. The fault matrix finds the step by itself.
 */
@NullMarked
package dev.orchestrator.upgrade.steps;

import org.jspecify.annotations.NullMarked;
