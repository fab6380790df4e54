/**
 * Data volumes: copying one to another in a helper container, and the space that it takes. No
 * volume data passes through the JVM.
 */
@NullMarked
package dev.orchestrator.data;

import org.jspecify.annotations.NullMarked;
