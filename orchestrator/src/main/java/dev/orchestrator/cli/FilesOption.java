package dev.orchestrator.cli;

/** Values of {@code upgrade --files}: what becomes of changed files of the release. */
enum FilesOption {
  release,
  keep
}
