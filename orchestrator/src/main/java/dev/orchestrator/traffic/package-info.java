/** The proxy as the saga sees it. */
@NullMarked
package dev.orchestrator.traffic;

import org.jspecify.annotations.NullMarked;
