/**
 * The outer Docker engine as a port in our own records. docker-java is imported in this package
 * alone. Calls block; callers are virtual threads.
 */
@NullMarked
package dev.orchestrator.engine;

import org.jspecify.annotations.NullMarked;
