package dev.orchestrator.health;

/**
 * A service or a probe that isn't healthy.
 *
 * @param subject "service db" or "probe front page"
 * @param service the inner service that it is about; empty when it is about the whole capsule
 * @param brief what is wrong, in a few words that stay the same from one round to the next
 * @param text what is wrong, with what the check printed; one line
 * @param lasting whether nothing will mend it: the engine doesn't restart the service
 */
record HealthProblem(String subject, String service, String brief, String text, boolean lasting) {

  /** A problem with nothing more to say than its few words. */
  HealthProblem(String subject, String service, String text, boolean lasting) {
    this(subject, service, text, text, lasting);
  }

  /** For an error message. */
  String line() {
    return subject + ": " + text;
  }

  /** For a line of progress. */
  String briefLine() {
    return subject + ": " + brief;
  }
}
