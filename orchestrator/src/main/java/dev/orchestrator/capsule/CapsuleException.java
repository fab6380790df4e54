package dev.orchestrator.capsule;

import dev.orchestrator.engine.EngineException;
import org.jspecify.annotations.Nullable;

/** A capsule that can't be built, started or asked. The message says in one line what and why. */
public final class CapsuleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CapsuleException(String message) {
    super(message);
  }

  public CapsuleException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Whether no engine answered, which is no fault of the capsule's. */
  public boolean isOutage() {
    return getCause() instanceof EngineException engine
        && engine.kind() == EngineException.Kind.UNREACHABLE;
  }
}
