/**
 * The rehearsal of an upgrade: a replica of the stack in a home of its own, a service on it that no
 * client reaches, and the runs, in which that service is killed.
 */
@NullMarked
package dev.orchestrator.drill;

import org.jspecify.annotations.NullMarked;
