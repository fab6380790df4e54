package dev.orchestrator.health;

/**
 * Something that isn't well.
 *
 * @param subject "service db" or "probe front page"
 * @param service the inner service that it is about
 * @param text what is wrong with it
 * @param lasting it doesn't get better by itself: nobody restarts it
 */
record HealthProblem(String subject, String service, String text, boolean lasting) {

  String line() {
    return subject + ": " + text;
  }
}
