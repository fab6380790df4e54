/** Sockets, pipes and event loops, directly over epoll. */
@NullMarked
package dev.orchestrator.proxy.epoll;

import org.jspecify.annotations.NullMarked;
