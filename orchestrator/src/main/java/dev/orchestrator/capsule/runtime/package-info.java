/** How a capsule is started, and how one that runs is asked. */
@NullMarked
package dev.orchestrator.capsule.runtime;

import org.jspecify.annotations.NullMarked;
