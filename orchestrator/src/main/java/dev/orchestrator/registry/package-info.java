/** Archives in a registry of images: pushing them there and getting them back. */
@NullMarked
package dev.orchestrator.registry;

import org.jspecify.annotations.NullMarked;
