package dev.orchestrator.proxy.gate;

/** Why a client is not served. */
public enum RejectReason {
  FULL("too many wait"),
  CLOSED("nothing serves now"),
  UNREACHABLE("the service does not answer");

  public final String text;

  RejectReason(String text) {
    this.text = text;
  }
}
