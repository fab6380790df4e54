package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.Imported;
import dev.orchestrator.stack.StackSummary;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code import FILE}. */
@Command(
    name = "import",
    description = {
      "Make a stack of the file of an export, and bring it up.",
      "All of the file is checked before anything is changed. The stack gets a folder with the"
          + " release and the settings, the image as it was exported, and the data where the file"
          + " has any; after that it is upgraded as any other. --stack gives it another name than"
          + " it had."
    })
final class ImportCommand implements Callable<Integer> {
  /** It reads all of the file, and measures the disk. */
  static final Duration DEADLINE = Duration.ofHours(2);

  private final RootCommand root;

  @Parameters(paramLabel = "FILE", description = "The file of an export.")
  private Path file = Path.of("");

  @Option(
      names = "--secrets",
      paramLabel = "FILE",
      description =
          "File with the secrets that the export has left out: a line NAME=VALUE for each variable,"
              + " PATH=@FILE for each file (default: they are asked for).")
  private @Nullable Path secrets;

  @Option(names = "--detach", description = "Print the id of the run instead of watching it.")
  private boolean detach;

  @Mixin private final PassphraseOption passphrase = new PassphraseOption();

  ImportCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    return start(root, file, given(root, file, secrets, passphrase), detach);
  }

  /** The secrets that a file doesn't have in the open. */
  static GivenSecrets given(
      RootCommand root, Path file, @Nullable Path secrets, PassphraseOption passphrase) {
    try (ArchiveReader archive = new ArchiveReader(file)) {
      ArchiveContents contents = archive.contents();
      requireFree(root, contents.head().stack());
      return contents.secrets().encrypted()
          ? GivenSecrets.of(archive.secrets(passphrase.read(root.context(), false)))
          : GivenSecrets.read(contents.secrets(), secrets, root.context().terminal());
    }
  }

  /** Nobody wants to look secrets up for an import that is refused then. */
  private static void requireFree(RootCommand root, String exported) {
    String named = root.namedStack();
    String name = named == null ? exported : named;
    for (StackSummary each : Json.readList(root.api().get("/v1/stacks"), StackSummary.class)) {
      if (each.stack().equals(name)) {
        throw new RefusedException(
            "there is a stack %s already: give the new one another name with --stack"
                .formatted(name));
      }
    }
  }

  static int start(RootCommand root, Path file, GivenSecrets given, boolean detach)
      throws InterruptedException {
    Map<String, Object> body = new HashMap<>();
    body.put("file", file.toAbsolutePath().normalize().toString());
    body.put("variables", given.variables());
    body.put("files", given.files());
    String stack = root.namedStack();
    if (stack != null) {
      body.put("stack", stack);
    }
    Terminal terminal = root.context().terminal();
    terminal.redraw("checking all of " + file);
    Imported imported;
    try {
      imported = Json.read(root.api().post("/v1/import", body, DEADLINE), Imported.class);
    } finally {
      terminal.redraw("");
    }
    terminal.println("stack %s: %s".formatted(imported.stack(), imported.folder()));
    if (detach) {
      terminal.println(imported.id());
      return ExitCode.DONE;
    }
    return root.follower(imported.stack()).followAccepted(imported.id());
  }
}
