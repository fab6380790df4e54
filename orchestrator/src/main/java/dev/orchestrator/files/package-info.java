/** Folders as digests and archives, always the same for the same content. */
@NullMarked
package dev.orchestrator.files;

import org.jspecify.annotations.NullMarked;
