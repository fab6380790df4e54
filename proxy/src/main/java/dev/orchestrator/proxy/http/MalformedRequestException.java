package dev.orchestrator.proxy.http;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import org.jspecify.annotations.Nullable;

/** A request that gets an error as its response and is not passed on. */
final class MalformedRequestException extends Exception {
  private static final long serialVersionUID = 1;
  private final int status;

  MalformedRequestException(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  /** For a failure of the decoder. */
  static MalformedRequestException of(@Nullable Throwable cause) {
    int status =
        switch (cause) {
          case TooLongHttpLineException _ -> 414;
          case TooLongFrameException _ -> 431;
          case null, default -> 400;
        };
    return new MalformedRequestException(
        status, cause == null ? "" : String.valueOf(cause.getMessage()));
  }

  /** The status code of the response. */
  int status() {
    return status;
  }
}
