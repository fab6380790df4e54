package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.stack.Adopted;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code init DIR [--stack NAME] [--plan]}. */
@Command(
    name = "init",
    description = {
      "Make a stack of a compose project that has never run.",
      "Writes the stack's folder: the compose files as its first version, and a stack.conf with"
          + " routes, probes and grants. 'up' then brings it up, without any data."
    })
final class InitCommand implements Callable<Integer> {
  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  @Parameters(paramLabel = "DIR", description = "Folder with the compose file, or the file.")
  private Path folder = Path.of("");

  @Option(names = "--plan", description = "Only show what would become of the project.")
  private boolean plan;

  InitCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String project = folder.toAbsolutePath().normalize().toString();
    if (plan) {
      return AdoptCommand.show(root, project, true, json.requested());
    }
    Adopted made = AdoptCommand.adopt(root, project, true);
    root.context()
        .terminal()
        .println(
            "stack %s: %s; look at its stack.conf, then 'orchestrator --stack %s up'"
                .formatted(made.stack(), made.folder(), made.stack()));
    return ExitCode.DONE;
  }
}
