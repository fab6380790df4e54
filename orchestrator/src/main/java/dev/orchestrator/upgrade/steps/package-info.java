/**
 * The steps that runs are made of, one file each, and which run has which ({@link
 * dev.orchestrator.upgrade.steps.UpgradePlans}).
 *
 * <p>A new step is one subclass of {@link dev.orchestrator.upgrade.Step} here, its place in
 * UpgradePlans, and a scenario in the tests: the fault matrix strikes it without being told.
 */
@NullMarked
package dev.orchestrator.upgrade.steps;

import org.jspecify.annotations.NullMarked;
