package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect FILE}: needs neither a service nor an engine. */
@Command(
    name = "inspect",
    description = {
      "Show what is in the file of an export.",
      "A file that is cut off, or that is none of an export, is refused."
    })
final class InspectCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "FILE", description = "The file.")
  private Path file = Path.of("");

  @Option(
      names = "--verify",
      description = "Read the whole file and compare everything in it with its digest.")
  private boolean verify;

  @Mixin private final JsonOption json = new JsonOption();

  InspectCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    Terminal terminal = root.context().terminal();
    try (ArchiveReader reader = new ArchiveReader(file)) {
      ArchiveContents contents = reader.contents();
      if (verify) {
        reader.verify(bytes -> terminal.redraw("verified " + HumanText.bytes(bytes)));
        terminal.redraw("");
      }
      if (json.requested()) {
        terminal.out().println(Json.indent(Json.write(contents)));
        return ExitCode.DONE;
      }
      ArchiveText.lines(contents).forEach(terminal::println);
      if (verify) {
        terminal.println(
            "verified: all %d entries are as they were written"
                .formatted(contents.entries().size()));
      }
    }
    return ExitCode.DONE;
  }
}
