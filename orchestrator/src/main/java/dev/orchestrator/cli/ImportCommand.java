package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.Adopted;
import dev.orchestrator.stack.Imported;
import dev.orchestrator.stack.StackSummary;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code import FILE} and {@code import --attach CONTAINER|STACK}. */
@Command(
    name = "import",
    description = {
      "Make a stack of the file of an export, and bring it up.",
      "All of the file is checked before anything is changed. The stack gets a folder with the"
          + " release and the settings, the image as it was exported, and the data where the file"
          + " has any; after that it is upgraded as any other. --stack gives it another name than"
          + " it had.",
      "An import that fails leaves no data. 'orchestrator up' of the stack tries again with the"
          + " same file, and so does another import, which replaces it.",
      "With --attach, take over a stack that the orchestrator of another host has moved to this one"
          + " (move --to): it becomes a stack of this service as it runs, with its settings and its"
          + " release, and clients notice nothing."
    })
final class ImportCommand implements Callable<Integer> {
  /** It reads all of the file, and measures the disk. */
  static final Duration DEADLINE = Duration.ofHours(2);

  private static final Duration ATTACH_DEADLINE = Duration.ofMinutes(5);

  private final RootCommand root;

  /** What is taken in. */
  static final class Source {
    @Parameters(paramLabel = "FILE", arity = "0..1", description = "The file of an export.")
    private @Nullable Path file;

    @Option(
        names = "--attach",
        paramLabel = "CONTAINER|STACK",
        description = "The capsule's container, or its stack, where one capsule of it runs here.")
    private @Nullable String attach;
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source = new Source();

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
    String attached = source.attach;
    if (attached != null) {
      if (secrets != null || detach) {
        throw new ParameterException(
            spec.commandLine(),
            "--attach takes a capsule as it runs: leave --secrets and --detach");
      }
      return attach(root, attached);
    }
    Path file = Objects.requireNonNull(source.file);
    return start(root, file, given(root, file, secrets, passphrase), detach);
  }

  private static int attach(RootCommand root, String container) {
    Map<String, Object> body = new HashMap<>();
    body.put("container", container);
    String stack = root.namedStack();
    if (stack != null) {
      body.put("stack", stack);
    }
    Adopted taken = Json.read(root.api().post("/v1/attach", body, ATTACH_DEADLINE), Adopted.class);
    root.context()
        .terminal()
        .println(
            "stack %s serves here as it did: its settings are in %s"
                .formatted(taken.stack(), taken.folder()));
    return ExitCode.DONE;
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

  /**
   * Nobody wants to look secrets up for an import that is refused then. A stack that has no version
   * may be one whose import has failed, which the service replaces.
   */
  private static void requireFree(RootCommand root, String exported) {
    String named = root.namedStack();
    String name = named == null ? exported : named;
    for (StackSummary each : Json.readList(root.api().get("/v1/stacks"), StackSummary.class)) {
      if (each.stack().equals(name) && !each.version().isEmpty()) {
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
