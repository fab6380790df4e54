/** Tests of the whole on a real engine, with the demo stack and clients that write all the time. */
@NullMarked
package dev.orchestrator.demo;

import org.jspecify.annotations.NullMarked;
