/** Listening sockets: opened, inherited, and whose port it is where one can not be opened. */
@NullMarked
package dev.orchestrator.proxy.listen;

import org.jspecify.annotations.NullMarked;
