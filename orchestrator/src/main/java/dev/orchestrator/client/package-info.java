/** The service as other processes see it: its API, its address, its process. Loads no Vert.x. */
@NullMarked
package dev.orchestrator.client;

import org.jspecify.annotations.NullMarked;
