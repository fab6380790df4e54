/** Joins a client and a backend, byte for byte. */
@NullMarked
package dev.orchestrator.proxy.tcp;

import org.jspecify.annotations.NullMarked;
