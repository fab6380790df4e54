package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.SnapshotStatus;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code snapshot show}. */
@Command(name = "show", description = "Print a snapshot: its version, its volumes, its size.")
final class SnapshotShowCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(paramLabel = "NAME", description = "Name, as 'orchestrator snapshot list' has it.")
  private String name = "";

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotShowCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get(SnapshotCommand.path(name), SnapshotCommand.DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      lines(Json.read(answer, SnapshotStatus.class), root.context().clock().instant())
          .forEach(terminal::println);
    }
    return ExitCode.DONE;
  }

  private static List<String> lines(SnapshotStatus snapshot, Instant now) {
    return List.of(
        "snapshot  " + snapshot.name(),
        "version   " + snapshot.version() + ", image " + snapshot.image(),
        "created   " + HumanText.when(snapshot.created()) + ", " + snapshot.reason(),
        "size      "
            + SnapshotText.size(snapshot.bytes())
            + ", of which others have too: "
            + SnapshotText.shared(snapshot, now),
        "pause     clients waited " + HumanText.time(snapshot.pauseMillis()) + " at most",
        "proven    "
            + SnapshotText.proven(snapshot.proven(), snapshot.lastProof())
            + (snapshot.lastProof() == null
                ? ""
                : " (" + snapshot.lastProof().run() + "): " + snapshot.lastProof().text()),
        "volumes   "
            + snapshot.volumes().stream()
                .map(volume ->
                    "%s: %s (%s)".formatted(volume.name(), volume.volume(), volume.method()))
                .collect(Collectors.joining(", ")),
        "needed by "
            + (snapshot.layersOver().isEmpty()
                ? "nothing"
                : "the data of " + String.join(", ", snapshot.layersOver())));
  }
}
