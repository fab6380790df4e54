/** Builds the capsule image of a version, and removes the images that nothing needs any more. */
@NullMarked
package dev.orchestrator.capsule.image;

import org.jspecify.annotations.NullMarked;
