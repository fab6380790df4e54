package dev.orchestrator.cli;

import dev.orchestrator.common.RefusedException;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --passphrase-file}: the passphrase of secrets in the file of an export. */
final class PassphraseOption {
  /** The environment variable with the passphrase. */
  static final String VARIABLE = "ORCHESTRATOR_PASSPHRASE";

  @Option(
      names = "--passphrase-file",
      paramLabel = "FILE",
      description =
          "File whose first line is the passphrase of the secrets (default:"
              + " $ORCHESTRATOR_PASSPHRASE, else it is asked for).")
  private @Nullable Path file;

  /**
   * The passphrase.
   *
   * @param twice whether a person has to write it twice, as nothing can be compared with it
   */
  char[] read(CliContext context, boolean twice) {
    Path named = file;
    if (named != null) {
      return firstLine(named);
    }
    String variable = context.environment().getOrDefault(VARIABLE, "");
    if (!variable.isEmpty()) {
      return variable.toCharArray();
    }
    Terminal terminal = context.terminal();
    if (!terminal.canAsk()) {
      throw new RefusedException(
          "the secrets have a passphrase: name it with --passphrase-file FILE or $" + VARIABLE);
    }
    char[] passphrase = hidden(terminal, "passphrase: ");
    if (twice && !Arrays.equals(passphrase, hidden(terminal, "once more: "))) {
      throw new RefusedException("these are two different passphrases: nothing was done");
    }
    return passphrase;
  }

  private static char[] firstLine(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8)
          .lines()
          .findFirst()
          .orElse("")
          .toCharArray();
    } catch (IOException e) {
      throw new RefusedException("can't read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** An answer that doesn't show, where there is a terminal. */
  static char[] hidden(Terminal terminal, String question) {
    return Optional.ofNullable(System.console())
        .filter(Console::isTerminal)
        .map(console -> console.readPassword("%s", question))
        .orElseGet(() -> terminal.ask(question).toCharArray());
  }
}
