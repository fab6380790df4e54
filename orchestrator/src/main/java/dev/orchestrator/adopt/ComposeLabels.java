package dev.orchestrator.adopt;

/** The labels that Compose puts on what it makes. Its version 1 has the first group alone. */
final class ComposeLabels {
  static final String PROJECT = "com.docker.compose.project";
  static final String FOLDER = "com.docker.compose.project.working_dir";
  static final String FILES = "com.docker.compose.project.config_files";
  static final String SERVICE = "com.docker.compose.service";
  static final String NUMBER = "com.docker.compose.container-number";
  static final String ONE_OFF = "com.docker.compose.oneoff";
  static final String HASH = "com.docker.compose.config-hash";

  static final String ENV_FILES = "com.docker.compose.project.environment_file";
  static final String DEPENDS_ON = "com.docker.compose.depends_on";

  /** Of a volume: its name in the compose file. */
  static final String VOLUME = "com.docker.compose.volume";

  /** All of them begin so. */
  static final String PREFIX = "com.docker.compose.";

  private ComposeLabels() {}
}
