/** Listening sockets: those that a route opens, and those that this process has inherited. */
@NullMarked
package dev.orchestrator.proxy.listen;

import org.jspecify.annotations.NullMarked;
