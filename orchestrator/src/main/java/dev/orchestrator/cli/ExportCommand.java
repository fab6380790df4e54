package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveException;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.export.StackExporter;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export FILE}. */
@Command(
    name = "export",
    description = {
      "Write the stack into one file.",
      "It comes up on any host with Docker.",
      "The file has the image of the version that serves, its release and the stack's settings;"
          + " with --with-data also the data, as of one moment, for which a snapshot is made that"
          + " is removed afterwards. The stack serves on.",
      "'docker load -i FILE' and 'docker run IMAGE help' start it without the orchestrator,"
          + " 'orchestrator import FILE' with it."
    })
final class ExportCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "FILE", description = "The file to write.")
  private Path file = Path.of("");

  @Option(names = "--with-data", description = "Export the data, too.")
  private boolean withData;

  @Option(
      names = "--snapshot",
      paramLabel = "NAME",
      description = "Export the version and the data of a snapshot that there is.")
  private @Nullable String snapshot;

  @Option(
      names = "--with-secrets",
      description =
          "Export the secrets that stack.conf declares, too, encrypted with a passphrase; without"
              + " it they are left out.")
  private boolean withSecrets;

  @Option(names = "--force", description = "Replace a file of that name.")
  private boolean force;

  @Mixin private final PassphraseOption passphrase = new PassphraseOption();

  @Mixin private final JsonOption json = new JsonOption();

  ExportCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    requireFile();
    Status status = Json.read(root.api().get("/v1/status"), Status.class);
    Settings settings = settings(root, status.stack());
    char[] words = withSecrets ? passphrase.read(root.context(), true) : null;
    ExportSource source = ExportSource.of(root, status.stack(), json.requested());
    try (Engine engine =
            DockerEngine.connect(settings.engine().address(), settings.engine().timeout());
        ExportSource.Data data = source.open(withData, snapshot)) {
      StackExporter exporter =
          new StackExporter(settings, engine, data.id(), settings.stack().upgrade().preSync());
      ArchiveContents contents = export(exporter, data, words);
      print(contents);
      return ExitCode.DONE;
    } catch (ArchiveException | DataException | EngineException | UncheckedIOException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private void requireFile() {
    if (file.toString().equals("-")) {
      throw new RefusedException(
          "an export can't go to a pipe, as sizes and digests stand in front of what they are of:"
              + " name a file");
    }
    if (!force && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "%s exists: choose another name, or replace it with --force".formatted(file));
    }
  }

  static Settings settings(RootCommand root, String stack) {
    Path config = root.location().config();
    if (config == null) {
      throw new RefusedException("an export needs the service's configuration: use --config FILE");
    }
    return SettingsLoader.load(config, root.context().environment(), stack);
  }

  /** Exports; at Ctrl-C nothing is left. */
  private ArchiveContents export(
      StackExporter exporter, ExportSource.Data data, char @Nullable [] words)
      throws InterruptedException {
    Terminal terminal = root.context().terminal();
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Thread atInterrupt =
        new Thread(
            () -> {
              exporter.removeHelpers();
              data.close();
              try {
                Files.deleteIfExists(part);
              } catch (IOException e) {
                terminal.err().println("can't remove %s: %s".formatted(part, e.getMessage()));
              }
            },
            "end of the export");
    Runtime.getRuntime().addShutdownHook(atInterrupt);
    try {
      return exporter.export(
          new StackExporter.Request(
              data.version(),
              data.image(),
              data::volumes,
              RootCommand.Version.number(),
              data::endReading),
          file,
          force,
          words,
          terminal::redraw);
    } finally {
      terminal.redraw("");
      boolean _ = removeHook(atInterrupt);
    }
  }

  private static boolean removeHook(Thread hook) {
    try {
      return Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return false; // The process ends already, and the hook does its work.
    }
  }

  private void print(ArchiveContents contents) {
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(Json.write(contents)));
      return;
    }
    List<String> lines = new ArrayList<>(ArchiveText.lines(contents));
    try {
      lines.addFirst("%s, %s".formatted(file, HumanText.bytes(Files.size(file))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    lines.add(
        "start it anywhere: docker load -i %s, then docker run --rm %s help"
            .formatted(file.getFileName(), contents.image().reference()));
    lines.forEach(terminal::println);
  }

  /** The service measures and removes volumes. */
  static final Duration DEADLINE = Duration.ofMinutes(20);

  static String snapshotPath(String name) {
    return "/v1/snapshots/" + ApiClient.segment(name);
  }
}
