/**
 * What a drill runs on: a copy of the serving data as a generation of a throw-away home, and the
 * settings that keep its services from the public.
 */
@NullMarked
package dev.orchestrator.drill;

import org.jspecify.annotations.NullMarked;
