/**
 * The command line: arguments to commands, the client of the HTTP API, terminal output. A client
 * command must not load Vert.x: it would cost it a second.
 */
@NullMarked
package dev.orchestrator.cli;

import org.jspecify.annotations.NullMarked;
