package dev.orchestrator.cli;

/** Values of {@code upgrade --verify}: how much of a copy's content is compared. */
enum VerifyOption {
  sample,
  full
}
