/** Versions of a stack as their author wrote them, and their order. */
@NullMarked
package dev.orchestrator.release;

import org.jspecify.annotations.NullMarked;
