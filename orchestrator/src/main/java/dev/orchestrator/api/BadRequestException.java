package dev.orchestrator.api;

/** A request of the wrong form: the API answers 400 with the message. */
final class BadRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadRequestException(String message) {
    super(message);
  }
}
