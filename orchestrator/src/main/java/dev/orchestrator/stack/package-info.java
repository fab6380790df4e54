/**
 * A stack under control: accepts runs, one at a time, supervises what serves, and ends what was cut
 * off.
 */
@NullMarked
package dev.orchestrator.stack;

import org.jspecify.annotations.NullMarked;
