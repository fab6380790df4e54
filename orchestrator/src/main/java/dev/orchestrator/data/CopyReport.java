package dev.orchestrator.data;

import java.time.Duration;

/**
 * The result of a pass of a copy.
 *
 * @param files regular files that were moved
 * @param bytes size of those files
 * @param entries files, folders and links whose metadata was compared with the original's; 0 when
 *     nothing was compared
 * @param content files whose content was compared, in this pass or since it last changed
 * @param changed of the entries, those that had changed since both sides were compared early, which
 *     alone were looked at; all of them when too little was known for that
 * @param left of a pass while the original is written to, what another one right after it would
 *     have to move: the files that have changed since it began, by the blocks that they take
 */
public record CopyReport(
    long files, long bytes, long entries, long content, long changed, long left, Duration took) {}
