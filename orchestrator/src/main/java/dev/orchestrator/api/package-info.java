/** The HTTP API on loopback, its event stream (SSE) and its token. Event-loop code. */
@NullMarked
package dev.orchestrator.api;

import org.jspecify.annotations.NullMarked;
