package dev.orchestrator.cli;

/** How much of a copy's content is compared, as a person writes it. */
enum VerifyOption {
  sample,
  full
}
