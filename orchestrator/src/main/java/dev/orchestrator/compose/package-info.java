/** A compose project: how Compose reads it, and the form in which it runs in a capsule. */
@NullMarked
package dev.orchestrator.compose;

import org.jspecify.annotations.NullMarked;
