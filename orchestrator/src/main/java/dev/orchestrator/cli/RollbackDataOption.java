package dev.orchestrator.cli;

/** What becomes of newer data in a rollback, as a person writes it. */
enum RollbackDataOption {
  carry,
  restore
}
