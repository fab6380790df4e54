package dev.orchestrator.data;

import java.time.Duration;

/**
 * What a pass of a copy moved and compared.
 *
 * @param files regular files moved
 * @param bytes of those files
 * @param entries compared with the original's in all but their content; 0 where nothing was
 *     compared
 * @param content files whose content was compared, now or since it last changed
 */
public record CopyReport(long files, long bytes, long entries, long content, Duration took) {}
