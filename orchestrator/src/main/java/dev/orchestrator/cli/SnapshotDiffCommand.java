package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.VolumeDifference.Count;
import dev.orchestrator.report.SnapshotDiff;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code snapshot diff}. */
@Command(
    name = "diff",
    description = {
      "Compare a snapshot with another one, or with what serves.",
      "Files by volume, and rows by table: as MariaDB, MySQL and PostgreSQL estimate them, and as"
          + " they are in SQLite's files."
    })
final class SnapshotDiffCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      index = "0",
      paramLabel = "NAME",
      description = "Name, as 'orchestrator snapshot list' has it.")
  private String name = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "OTHER",
      description = "Name of the other snapshot (default: what serves).")
  private @Nullable String other;

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotDiffCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String with = other;
    String query = "";
    if (with != null) {
      String _ = SnapshotCommand.path(with);
      query = "?" + ApiClient.parameter("with", with);
    }
    String answer =
        root.api().get(SnapshotCommand.path(name) + "/diff" + query, SnapshotCommand.DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      lines(Json.read(answer, SnapshotDiff.class)).forEach(terminal::println);
    }
    return ExitCode.DONE;
  }

  private static List<String> lines(SnapshotDiff diff) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "from snapshot %s to %s"
            .formatted(diff.from(), diff.to().isEmpty() ? "what serves" : "snapshot " + diff.to()));
    for (SnapshotDiff.Volume volume : diff.volumes()) {
      if (!volume.note().isEmpty()) {
        lines.add(volume.name() + ": " + volume.note());
        continue;
      }
      lines.add(
          "%s: %s added, %s changed, %s removed"
              .formatted(
                  volume.name(),
                  count(volume.added()),
                  count(volume.changed()),
                  count(volume.removed())));
      volume.paths().forEach(path -> lines.add("  " + path));
      long all = volume.added().files() + volume.changed().files() + volume.removed().files();
      if (all > volume.paths().size()) {
        lines.add("  … and %d more".formatted(all - volume.paths().size()));
      }
    }
    if (!diff.tables().isEmpty()) {
      TextTable table = new TextTable("SERVICE OR FILE", "TABLE", "ROWS", "BEFORE");
      diff.tables()
          .forEach(each ->
              table.row(each.service(), each.table(), rows(each.after()), rows(each.before())));
      lines.addAll(table.lines());
    } else if (diff.tablesNote().isEmpty()) {
      lines.add("all tables have as many rows");
    }
    if (!diff.tablesNote().isEmpty()) {
      lines.add(diff.tablesNote());
    }
    return lines;
  }

  private static String count(Count count) {
    return "%d (%s)".formatted(count.files(), HumanText.bytes(count.bytes()));
  }

  private static String rows(long rows) {
    return rows < 0 ? "-" : Long.toString(rows);
  }
}
