/** A compose project as Compose reads it, and as it runs in a capsule. */
@NullMarked
package dev.orchestrator.compose;

import org.jspecify.annotations.NullMarked;
