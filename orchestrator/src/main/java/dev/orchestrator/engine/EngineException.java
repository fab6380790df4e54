package dev.orchestrator.engine;

import org.jspecify.annotations.Nullable;

/**
 * An engine call that failed: what was being done, on what, and what to do about it, in one line.
 */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of a failure, for callers that act on it. */
  public enum Kind {
    /** No engine answers at the address. */
    UNREACHABLE,
    /** The engine is older than what is supported. */
    TOO_OLD,
    NOT_FOUND,
    CONFLICT,
    TIMEOUT,
    /** The calling thread was interrupted (its interrupt flag is set again). */
    INTERRUPTED,
    BUILD_FAILED,
    /** Anything else that the engine refused. */
    REFUSED
  }

  private final Kind kind;

  public EngineException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public EngineException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
