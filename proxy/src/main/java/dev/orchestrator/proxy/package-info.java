/**
 * The TCP proxy in front of a stack: listeners, the gate where connections wait while a route is
 * held, the links between a client and a target, and their drain. Knows Vert.x and nothing of
 * Docker.
 */
@NullMarked
package dev.orchestrator.proxy;

import org.jspecify.annotations.NullMarked;
