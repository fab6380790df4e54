/**
 * The state folder: the files that the service and its clients share, and which process owns them.
 */
@NullMarked
package dev.orchestrator.home;

import org.jspecify.annotations.NullMarked;
