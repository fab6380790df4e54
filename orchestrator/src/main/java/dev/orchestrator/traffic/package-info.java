/** The proxy, as the saga uses it. */
@NullMarked
package dev.orchestrator.traffic;

import org.jspecify.annotations.NullMarked;
