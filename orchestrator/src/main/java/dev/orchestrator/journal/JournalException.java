package dev.orchestrator.journal;

/**
 * The journal can't be opened, read or written: the message names the file, what is wrong and what
 * to do. Nothing may go on without a journal: the caller stops before its next side effect.
 */
public final class JournalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JournalException(String message) {
    super(message);
  }

  public JournalException(String message, Throwable cause) {
    super(message, cause);
  }
}
