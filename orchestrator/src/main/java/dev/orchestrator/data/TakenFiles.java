package dev.orchestrator.data;

import java.util.List;

/**
 * Files and links that were put into their places. A file whose content was there already is
 * neither.
 *
 * @param replaced names of those in whose place there was another
 * @param added names of those in whose place there was nothing
 * @param bytes size of both
 */
public record TakenFiles(List<String> replaced, List<String> added, long bytes) {}
