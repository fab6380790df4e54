package dev.orchestrator.proxy.gate;

/** Why a client is not served. */
public enum RejectReason {
  /** The bound on waiting connections or requests is reached. */
  FULL("too many requests wait"),
  /** The gate is closed. */
  CLOSED("no service is available now"),
  /** No attempt to connect to the target succeeded within the bound. */
  UNREACHABLE("the service does not answer");

  /** For the client of an http route. */
  public final String text;

  RejectReason(String text) {
    this.text = text;
  }
}
