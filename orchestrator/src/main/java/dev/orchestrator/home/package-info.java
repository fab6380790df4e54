/** The home folder, which holds the service's state: its files, and which process owns it. */
@NullMarked
package dev.orchestrator.home;

import org.jspecify.annotations.NullMarked;
