/**
 * Data volumes: how they are layered, how one is copied to another, and how much space they take.
 * Copies are made in helper containers: no data passes through this process.
 */
@NullMarked
package dev.orchestrator.data;

import org.jspecify.annotations.NullMarked;
