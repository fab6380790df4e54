/** Builds the capsule image of a version, and removes images that no version needs any more. */
@NullMarked
package dev.orchestrator.capsule.image;

import org.jspecify.annotations.NullMarked;
