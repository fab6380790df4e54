/**
 * The proxy in front of a stack: listeners, the gate where connections and requests wait while a
 * route is held, the relay between a client and its target, and their drain. It uses Vert.x and
 * knows nothing of Docker. {@code ArchitectureTest} holds which package may use which other.
 *
 * <p>A {@code tcp} route goes straight over epoll ({@link
 * dev.orchestrator.proxy.epoll.EpollSocket}, {@link dev.orchestrator.proxy.tcp.RelayDirection},
 * {@link dev.orchestrator.proxy.tcp.TcpRelay}), on Vert.x's event loops, without a pipeline.
 * Measured beside HAProxy ({@code scripts/bench proxy}): about the same processor time for a small
 * message, half of it for bulk, which never leaves the kernel, and a fifth of the memory for an
 * idle connection. The first version joined two of Netty's channels. A channel loses the write
 * interest of a socket whose peer has ended its stream, it reads the bytes of a waiting client when
 * that leaves, and its {@code spliceTo} does not tell an end of stream from a pause.
 *
 * <p>An {@code http} route ({@link dev.orchestrator.proxy.http.HttpClientConnection}, {@link
 * dev.orchestrator.proxy.http.Exchange}, {@link dev.orchestrator.proxy.http.UpstreamConnection})
 * reads messages with Netty's decoders, which are well maintained: {@link
 * dev.orchestrator.proxy.http.RequestDecoder} only makes them stricter. {@code vertx-http-proxy}
 * has no release for this Vert.x. Heads are written by our own code, in one pass that also drops
 * the fields that are not passed on. After a change of the protocol both ends become sockets, and a
 * relay joins them.
 *
 * <p>A {@code udp} route ({@link dev.orchestrator.proxy.udp.UdpRelay}) has no connections: each
 * datagram goes where the gate says when it arrives.
 *
 * <p>{@link dev.orchestrator.proxy.gate.Gate} alone decides where a connection goes, {@link
 * dev.orchestrator.proxy.gate.WaitingQueue} in which order; {@link
 * dev.orchestrator.proxy.gate.PendingConnect} is a connection or request that waits. {@link
 * dev.orchestrator.proxy.Handover} and {@link dev.orchestrator.proxy.Takeover} pass the listening
 * sockets from process to process.
 */
@NullMarked
package dev.orchestrator.proxy;

import org.jspecify.annotations.NullMarked;
