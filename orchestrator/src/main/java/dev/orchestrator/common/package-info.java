/**
 * Small things that every room uses: deadlines, clocks, JSON, texts, the exception of a refused
 * request. Knows no other package.
 */
@NullMarked
package dev.orchestrator.common;

import org.jspecify.annotations.NullMarked;
