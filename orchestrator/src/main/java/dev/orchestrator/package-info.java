/** Where the program starts and where its parts are wired together. */
@NullMarked
package dev.orchestrator;

import org.jspecify.annotations.NullMarked;
