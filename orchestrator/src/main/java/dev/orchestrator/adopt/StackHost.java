package dev.orchestrator.adopt;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.InvalidSettingsException;
import dev.orchestrator.settings.StackSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The service that a project becomes a stack of, as far as adopting needs it. */
public interface StackHost {
  /** The folder that has a folder for each stack. */
  Path stacksFolder();

  /** A folder of the service's own, for what is tried out and removed again; made when missing. */
  Path work();

  /** The stacks that there are, for their names and routes. */
  List<StackSettings> stacks();

  /** The stack that a project is by now, or is about to be; empty for none. */
  Optional<String> adopter(String project);

  /** The capsules' base image, in which Compose reads files; built when it is missing. */
  String base();

  /**
   * Loads a {@code stack.conf} as the service would, from a folder with the stack's name that may
   * be anywhere.
   *
   * @throws InvalidSettingsException with a line for each problem
   */
  StackSettings load(Path stackFolder);

  /**
   * Checks a version as the plan of an upgrade does, and returns its warnings.
   *
   * @throws RefusedException when a capsule can't run it
   */
  List<String> check(StackSettings stack, String version);
}
