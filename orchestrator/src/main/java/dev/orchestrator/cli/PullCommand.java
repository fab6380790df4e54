package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.registry.RegistryException;
import dev.orchestrator.registry.RegistryReference;
import dev.orchestrator.registry.RegistrySource;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pull REGISTRY/NAME:TAG [FILE]}. */
@Command(
    name = "pull",
    description = {
      "Get a stack from a registry, as a file.",
      "It is the file of an export.",
      "After a cut the same command goes on where it was. 'orchestrator import FILE' makes a stack"
          + " of it. The login is that of 'docker login'."
    })
final class PullCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      index = "0",
      paramLabel = "REGISTRY/NAME:TAG",
      description = "Where from, such as registry.example:5000/team/shop:1.4.0.")
  private String reference = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "FILE",
      description = "The file to write; default: NAME-TAG.tar.")
  private @Nullable Path file;

  @Option(names = "--force", description = "Replace a file of that name.")
  private boolean force;

  @Option(
      names = "--import",
      description = "Import it then: see 'orchestrator import'. The file stays.")
  private boolean imports;

  @Option(
      names = "--secrets",
      paramLabel = "FILE",
      description = "With --import: file with the secrets that the export has left out.")
  private @Nullable Path secrets;

  @Mixin private final PassphraseOption passphrase = new PassphraseOption();

  PullCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    RegistryReference place = RegistryReference.parse(reference);
    Path named = file;
    Path target =
        named == null
            ? Path.of(place.name().replaceFirst(".*/", "") + "-" + place.tag() + ".tar")
            : named;
    Terminal terminal = root.context().terminal();
    RegistrySource.Got got;
    try (RegistrySource registry = new RegistrySource(place, root.context().environment())) {
      got =
          registry.get(
              target,
              force,
              bytes -> terminal.redraw("%s of %s".formatted(HumanText.bytes(bytes), target)));
    } catch (RegistryException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    } finally {
      terminal.redraw("");
    }
    terminal.println(
        "%s: %s received%s"
            .formatted(
                target,
                HumanText.bytes(got.received()),
                got.kept() == 0 ? "" : ", %s were there".formatted(HumanText.bytes(got.kept()))));
    return imports
        ? ImportCommand.start(
            root, target, ImportCommand.given(root, target, secrets, passphrase), false)
        : ExitCode.DONE;
  }
}
