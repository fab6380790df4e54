/** The HTTP API on loopback: its routes, its server-sent events, its token. */
@NullMarked
package dev.orchestrator.api;

import org.jspecify.annotations.NullMarked;
