/**
 * Udp routes: datagrams of a client go to the backend that serves, through a socket of the client's
 * own, and answers go back from the address that the client has sent to.
 *
 * <p>Datagrams are read and written in batches (recvmmsg(2), sendmmsg(2)); a run of datagrams of
 * one size for one receiver is one message for the kernel (UDP_SEGMENT and UDP_GRO, udp(7)). The
 * system calls are made with {@code java.lang.foreign} on buffers that belong to the event loop:
 * Netty's datagram channel makes several objects for each datagram, and asks the kernel once for
 * each socket and direction. No datagram is copied or allocated for, unless it is held.
 */
@NullMarked
package dev.orchestrator.proxy.udp;

import org.jspecify.annotations.NullMarked;
