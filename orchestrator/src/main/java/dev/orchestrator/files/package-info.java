/** Digests and tar archives of folders, which are the same whenever the content is the same. */
@NullMarked
package dev.orchestrator.files;

import org.jspecify.annotations.NullMarked;
