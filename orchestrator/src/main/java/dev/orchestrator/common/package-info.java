/**
 * What every package uses: deadlines, clocks, JSON, texts, and the exception of a refused request.
 * Depends on no other package.
 */
@NullMarked
package dev.orchestrator.common;

import org.jspecify.annotations.NullMarked;
