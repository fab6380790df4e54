package dev.orchestrator.api;

/** A request that doesn't say what it should: answered with 400 and the message. */
final class BadRequest extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadRequest(String message) {
    super(message);
  }
}
