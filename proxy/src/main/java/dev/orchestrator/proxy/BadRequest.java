package dev.orchestrator.proxy;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import org.jspecify.annotations.Nullable;

/** A request that is answered with an error and not passed on. */
final class BadRequest extends Exception {
  private static final long serialVersionUID = 1;
  private final int status;

  BadRequest(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  /** What the decoder found. */
  static BadRequest of(@Nullable Throwable cause) {
    int status =
        switch (cause) {
          case TooLongHttpLineException _ -> 414;
          case TooLongFrameException _ -> 431;
          case null, default -> 400;
        };
    return new BadRequest(status, cause == null ? "" : String.valueOf(cause.getMessage()));
  }

  int status() {
    return status;
  }
}
