package dev.orchestrator.api;

/** A request that doesn't say what it should: answered with 400 and the message. */
final class BadRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadRequestException(String message) {
    super(message);
  }
}
