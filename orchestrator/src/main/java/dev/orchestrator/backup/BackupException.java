package dev.orchestrator.backup;

/**
 * A backup, or a question to its repository, that failed. The message says in one line what was
 * being done, on which repository, what is wrong, and what to do; it has no secret.
 */
public final class BackupException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** Why it failed. */
  public enum Kind {
    /** The settings or their files can't be used. */
    SETTINGS,
    /** restic can't be run. */
    NO_RESTIC,
    /** The repository has another password. */
    WRONG_PASSWORD,
    /** It can be reached, and there is no repository. */
    NO_REPOSITORY,
    /** The server doesn't answer, or does no more. */
    AWAY,
    /** The server doesn't accept these credentials. */
    UNAUTHORIZED,
    /** Somebody else works on the repository. */
    LOCKED,
    NO_SPACE,
    /** Some files could not be read: the backup is there, without these. */
    INCOMPLETE,
    /** There is no such backup. */
    NO_BACKUP,
    /** What is in the repository is not what was written to it. */
    DAMAGED,
    TIMEOUT,
    /** Somebody has ended it, or the service has stopped. */
    ENDED,
    /** Anything else, in restic's own words. */
    OTHER
  }

  public BackupException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public BackupException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
