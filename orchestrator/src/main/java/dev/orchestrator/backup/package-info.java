/**
 * Backups off the host, in repositories of restic. restic alone gets back what is written here: its
 * own repository format, a snapshot of restic for each backup, found by its tags.
 */
@NullMarked
package dev.orchestrator.backup;

import org.jspecify.annotations.NullMarked;
