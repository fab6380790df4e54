/** HTTP/1.1: requests survive a switch. */
@NullMarked
package dev.orchestrator.proxy.http;

import org.jspecify.annotations.NullMarked;
