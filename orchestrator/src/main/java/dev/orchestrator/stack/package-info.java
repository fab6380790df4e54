/**
 * Control of a stack: accepts runs, one at a time, supervises the capsule that serves, and ends
 * runs that an earlier process left unfinished.
 */
@NullMarked
package dev.orchestrator.stack;

import org.jspecify.annotations.NullMarked;
