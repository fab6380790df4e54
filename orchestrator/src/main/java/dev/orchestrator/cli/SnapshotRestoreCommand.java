package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.TakenFiles;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code snapshot restore}. */
@Command(
    name = "restore",
    description = {
      "Go back to the version and the data of a snapshot, which stays.",
      "The data is copied while what serves goes on serving; then clients are held as in an"
          + " upgrade. What served before is kept as a snapshot itself, and serves on when the"
          + " restored version is not healthy.",
      "With --file a single file or folder is put back, and the services run on."
    })
final class SnapshotRestoreCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "NAME", description = "Name, as 'orchestrator snapshot list' has it.")
  private String name = "";

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--file",
      paramLabel = "PATH",
      description =
          "Put back this file or folder alone: VOLUME/FILE of a named volume, or ./FILE of a"
              + " folder that the compose file mounts.")
  private @Nullable String file;

  @Option(
      names = "--to",
      paramLabel = "DIR",
      description = "Copy the file or folder into this folder of the engine's host instead.")
  private @Nullable Path to;

  @Mixin private final DetachOption detach = new DetachOption();

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotRestoreCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String path = file;
    if (path != null) {
      return restoreFile(path);
    }
    if (to != null) {
      throw new ParameterException(spec.commandLine(), "--to needs --file");
    }
    String id = root.api().beginRun(SnapshotCommand.path(name) + "/restore", Map.of());
    int code = SnapshotCommand.follow(root, id, detach.requested(), json);
    if (json.requested() && !detach.requested()) {
      SnapshotCommand.print(root, SnapshotCommand.receipt(root, id));
    }
    return code;
  }

  private int restoreFile(String path) {
    if (detach.requested()) {
      throw new ParameterException(spec.commandLine(), "--detach is not for a single file");
    }
    Map<String, String> body = new HashMap<>(Map.of("path", path));
    if (to != null) {
      body.put("to", to.toAbsolutePath().normalize().toString());
    }
    String answer =
        root.api().post(SnapshotCommand.path(name) + "/files", body, SnapshotCommand.DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    TakenFiles files = Json.read(answer, TakenFiles.class);
    files.replaced().forEach(each -> terminal.println("replaced " + each));
    files.added().forEach(each -> terminal.println("new      " + each));
    terminal.println(
        files.replaced().isEmpty() && files.added().isEmpty()
            ? "nothing to do: it is there as in snapshot " + name
            : "%s of snapshot %s: %d replaced, %d new"
                .formatted(
                    HumanText.bytes(files.bytes()),
                    name,
                    files.replaced().size(),
                    files.added().size()));
    return ExitCode.DONE;
  }
}
