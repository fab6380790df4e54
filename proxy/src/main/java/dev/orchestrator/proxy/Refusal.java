package dev.orchestrator.proxy;

/** Why a client is not served. */
enum Refusal {
  FULL("too many wait"),
  CLOSED("nothing serves now"),
  UNREACHABLE("the service does not answer");

  final String text;

  Refusal(String text) {
    this.text = text;
  }
}
