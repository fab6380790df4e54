/** The packet filter of the host's kernel, as far as routes use it. */
@NullMarked
package dev.orchestrator.netfilter;

import org.jspecify.annotations.NullMarked;
