/**
 * HOCON configuration to records, each value checked, with file, line and path of the wrong key in
 * the message.
 */
@NullMarked
package dev.orchestrator.settings;

import org.jspecify.annotations.NullMarked;
