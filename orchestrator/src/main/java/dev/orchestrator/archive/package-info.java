/**
 * A stack in one file: an image archive that {@code docker load} takes, with the data of its
 * volumes and a list of contents by which every byte is checked. Knows no engine: what comes from
 * one is a stream, and what goes to one is a stream.
 */
@NullMarked
package dev.orchestrator.archive;

import org.jspecify.annotations.NullMarked;
