/** The configuration of a proxy: routes, listen addresses, backends, bounds; and its exceptions. */
@NullMarked
package dev.orchestrator.proxy.config;

import org.jspecify.annotations.NullMarked;
