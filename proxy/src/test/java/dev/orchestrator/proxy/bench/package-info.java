/** What {@code scripts/bench proxy} runs: our proxy beside HAProxy and nginx, on one upstream. */
@NullMarked
package dev.orchestrator.proxy.bench;

import org.jspecify.annotations.NullMarked;
