/**
 * Capsules, the Docker-in-Docker containers that hold a whole stack: interfaces and records.
 * Subpackages build the image of a version and control a capsule that runs.
 */
@NullMarked
package dev.orchestrator.capsule;

import org.jspecify.annotations.NullMarked;
