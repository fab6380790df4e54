/** The program: its main class, and the service, where all parts are wired together. */
@NullMarked
package dev.orchestrator;

import org.jspecify.annotations.NullMarked;
