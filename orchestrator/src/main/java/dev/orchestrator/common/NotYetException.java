package dev.orchestrator.common;

/**
 * A request that is refused at present, and admitted later without anybody changing anything: while
 * another run is under way, while another process takes over, while the process before lets its
 * last connections end. The API marks the answer with {@code "retry": true}, so that a client that
 * was told to wait asks again.
 */
public final class NotYetException extends RefusedException {
  private static final long serialVersionUID = 1L;

  public NotYetException(String message) {
    super(message);
  }
}
