/** Sockets, pipes and event loops, directly over epoll. Knows nothing of routes. */
@NullMarked
package dev.orchestrator.proxy.epoll;

import org.jspecify.annotations.NullMarked;
