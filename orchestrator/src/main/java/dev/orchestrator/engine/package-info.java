/**
 * The outer Docker engine: an interface with records of its own, and its implementation over
 * docker-java, which no other package imports. Calls block; callers are virtual threads.
 */
@NullMarked
package dev.orchestrator.engine;

import org.jspecify.annotations.NullMarked;
