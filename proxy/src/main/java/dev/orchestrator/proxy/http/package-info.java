/**
 * Http routes: HTTP/1.1 requests and responses, idle connections to targets, and tunnels after a
 * change of the protocol. A client connection outlives a switch of the backend.
 */
@NullMarked
package dev.orchestrator.proxy.http;

import org.jspecify.annotations.NullMarked;
