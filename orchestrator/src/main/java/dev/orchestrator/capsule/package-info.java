/**
 * Capsules: building the Docker-in-Docker image of a version, making a container from it, and
 * asking one about its inner services.
 */
@NullMarked
package dev.orchestrator.capsule;

import org.jspecify.annotations.NullMarked;
