/**
 * What a proxy is told: routes, addresses to listen on, protocols, backends; and its exceptions.
 */
@NullMarked
package dev.orchestrator.proxy.config;

import org.jspecify.annotations.NullMarked;
