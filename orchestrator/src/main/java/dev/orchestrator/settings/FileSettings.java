package dev.orchestrator.settings;

import java.util.Locale;

/**
 * What becomes of files of the release that services write to, at an upgrade.
 *
 * @param path below /data: {@code binds/conf} for {@code ./conf} of the compose file; it applies to
 *     everything below it, unless another setting names a longer path
 */
public record FileSettings(String path, Policy policy) {
  /** The path of all files of the release. */
  public static final String ALL = "binds";

  /** What becomes of a file. */
  public enum Policy {
    /** Files that nobody changed become the new release's; changed files are kept. */
    AUTO,
    /** All files become the new release's; a changed file is set aside. */
    RELEASE,
    /** No file that is there is touched. */
    KEEP,
    /** As auto; but an upgrade that would keep a changed file is refused without an answer. */
    ASK;

    /** As in a settings file. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
