/**
 * The proxy in front of a stack: listeners, the gate where connections and requests wait while a
 * route is held, what joins a client and its target, and their drain. Knows Vert.x and nothing of
 * Docker.
 *
 * <p>A {@code tcp} route goes straight over epoll ({@link
 * dev.orchestrator.proxy.epoll.EpollSocket}, {@link dev.orchestrator.proxy.tcp.RelayDirection},
 * {@link dev.orchestrator.proxy.tcp.TcpRelay}), on Vert.x's event loops: bytes need no pipeline.
 * Measured beside HAProxy ({@code scripts/bench proxy}): about the same processor time for a small
 * message, half of it for bulk, which never leaves the kernel, and a fifth of the memory for an
 * idle connection. And two of Netty's channels, which the first version joined, lose the write
 * interest of a socket whose peer has ended its stream, and read what a waiting client sent when it
 * leaves; their {@code spliceTo} does not tell an end of stream from a pause.
 *
 * <p>An {@code http} route ({@link dev.orchestrator.proxy.http.HttpClientConnection}, {@link
 * dev.orchestrator.proxy.http.Exchange}, {@link dev.orchestrator.proxy.http.UpstreamConnection})
 * speaks it with Netty's decoders, which are the well-kept part of the matter: {@link
 * dev.orchestrator.proxy.http.RequestDecoder} only makes them stricter. {@code vertx-http-proxy}
 * has no release for this Vert.x. Heads are written by hand, in one pass that also decides what is
 * passed on. After a change of protocol both ends become wires.
 *
 * <p>{@link dev.orchestrator.proxy.gate.Gate} alone decides where what arrives goes, {@link
 * dev.orchestrator.proxy.gate.WaitingQueue} in which order, {@link
 * dev.orchestrator.proxy.gate.PendingConnect} is one that waits. {@link
 * dev.orchestrator.proxy.Handover} and {@link dev.orchestrator.proxy.Takeover} pass the listening
 * sockets from process to process.
 */
@NullMarked
package dev.orchestrator.proxy;

import org.jspecify.annotations.NullMarked;
