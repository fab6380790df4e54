package dev.orchestrator.cli;

/** Values of {@code rollback --data}: which data the old version starts with. */
enum RollbackDataOption {
  carry,
  restore
}
