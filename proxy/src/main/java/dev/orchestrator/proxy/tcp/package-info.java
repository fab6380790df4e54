/** Tcp routes: a client and its target are joined byte for byte. Also the PROXY protocol. */
@NullMarked
package dev.orchestrator.proxy.tcp;

import org.jspecify.annotations.NullMarked;
