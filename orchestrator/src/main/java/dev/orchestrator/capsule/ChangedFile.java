package dev.orchestrator.capsule;

/**
 * A file of the release that services write to, and that was changed since it was seeded.
 *
 * @param path as in the compose file, such as {@code ./conf/app.conf}
 * @param why what was changed, in a few words
 * @param diff from what is there to what the release has; empty where one of the two is no text,
 *     and without what looks like a password
 * @param kept whether the release has changed it too, and it was kept
 */
public record ChangedFile(String path, String why, String diff, boolean kept) {}
