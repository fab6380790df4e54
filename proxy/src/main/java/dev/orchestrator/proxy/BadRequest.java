package dev.orchestrator.proxy;

/** A request that is answered with an error and not passed on. */
final class BadRequest extends Exception {
  private static final long serialVersionUID = 1;
  private final int status;

  BadRequest(int status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  int status() {
    return status;
  }
}
