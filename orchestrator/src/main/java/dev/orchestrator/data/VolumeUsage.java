package dev.orchestrator.data;

/**
 * What a volume takes, and what there is for another. Sizes in bytes.
 *
 * @param files regular files
 * @param links of them those that have more than one name
 * @param largest size of the largest file of a database, 0 where there is none
 * @param free where the engine keeps its volumes
 * @param fileSystem such as {@code ext2/ext3} or {@code xfs}
 * @param share whether files can share their blocks there
 */
public record VolumeUsage(
    long used, long files, long links, long largest, long free, String fileSystem, boolean share) {}
