/**
 * The configuration files (HOCON) as records whose values have been checked. The message about a
 * wrong value has its file, its line and the path of its key.
 */
@NullMarked
package dev.orchestrator.settings;

import org.jspecify.annotations.NullMarked;
