package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.export.StackExporter;
import dev.orchestrator.registry.RegistryException;
import dev.orchestrator.registry.RegistryReference;
import dev.orchestrator.registry.RegistryTarget;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.Settings;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code push REGISTRY/NAME:TAG}. */
@Command(
    name = "push",
    description = {
      "Send the stack to a registry of images.",
      "That is what an export writes into a file.",
      "Layers that the registry has are not sent again. Any engine pulls and runs the image;"
          + " 'docker run IMAGE help' says how. The login is that of 'docker login'."
    })
final class PushCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      paramLabel = "REGISTRY/NAME:TAG",
      description = "Where to, such as registry.example:5000/team/shop:1.4.0.")
  private String reference = "";

  @Option(names = "--with-data", description = "Send the data, too, as of one moment.")
  private boolean withData;

  @Option(
      names = "--snapshot",
      paramLabel = "NAME",
      description = "Send the version and the data of a snapshot that there is.")
  private @Nullable String snapshot;

  @Option(
      names = "--with-secrets",
      description =
          "Send the secrets that stack.conf declares, too, encrypted with a passphrase; without it"
              + " they are left out.")
  private boolean withSecrets;

  @Mixin private final PassphraseOption passphrase = new PassphraseOption();

  @Mixin private final JsonOption json = new JsonOption();

  PushCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    RegistryReference place = RegistryReference.parse(reference);
    Status status = Json.read(root.api().get("/v1/status"), Status.class);
    Settings settings = ExportCommand.settings(root, status.stack());
    char[] words = withSecrets ? passphrase.read(root.context(), true) : null;
    Terminal terminal = root.context().terminal();
    ExportSource source = ExportSource.of(root, status.stack(), json.requested());
    try (RegistryTarget registry =
            new RegistryTarget(
                place,
                root.context().environment(),
                sent -> terminal.redraw("sent " + HumanText.bytes(sent)));
        Engine engine =
            DockerEngine.connect(settings.engine().address(), settings.engine().timeout());
        ExportSource.Data data = source.open(withData, snapshot)) {
      StackExporter exporter =
          new StackExporter(settings, engine, data.id(), settings.stack().upgrade().preSync());
      // Before anything is sent, as both tell their progress.
      List<DataVolume> volumes = data.volumes();
      ArchiveContents contents;
      try {
        contents =
            exporter.push(
                new StackExporter.Request(
                    data.version(),
                    data.image(),
                    () -> volumes,
                    RootCommand.Version.number(),
                    data::endReading),
                registry,
                words,
                line -> {});
      } finally {
        terminal.redraw("");
      }
      print(place, contents, registry);
      return ExitCode.DONE;
    } catch (ArchiveException
        | DataException
        | EngineException
        | RegistryException
        | UncheckedIOException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private void print(RegistryReference place, ArchiveContents contents, RegistryTarget registry) {
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal
          .out()
          .println(
              Json.indent(
                  Json.write(
                      Map.of(
                          "reference",
                          place.toString(),
                          "sent",
                          registry.sent(),
                          "there",
                          registry.spared(),
                          "contents",
                          contents))));
      return;
    }
    List<String> lines = new ArrayList<>(ArchiveText.lines(contents));
    lines.addFirst(
        "%s: %s sent, %s were there"
            .formatted(
                place, HumanText.bytes(registry.sent()), HumanText.bytes(registry.spared())));
    lines.add("start it anywhere: docker run --rm %s help".formatted(place));
    lines.forEach(terminal::println);
  }
}
