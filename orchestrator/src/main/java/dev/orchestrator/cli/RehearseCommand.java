package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.report.VersionStatus;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code rehearse VERSION}. */
@Command(
    name = "rehearse",
    description = {
      "Try an upgrade out on a copy of the data, out of reach.",
      "The version is started for real: every service and probe must be healthy. Then all of that"
          + " is thrown away. What serves serves on: it is frozen for a moment while its data is"
          + " copied; the output says for how long."
    })
final class RehearseCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      paramLabel = "VERSION",
      description = "Version to rehearse: see 'orchestrator versions'.")
  private String version = "";

  @Mixin private final DetachOption detach = new DetachOption();

  @Mixin private final JsonOption json = new JsonOption();

  RehearseCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String id = root.api().beginRun("/v1/rehearsals", Map.of("version", version));
    int code = SnapshotCommand.follow(root, id, detach.requested(), json);
    if (json.requested() && !detach.requested()) {
      SnapshotCommand.print(root, found(id));
    }
    return code;
  }

  /** What the run has found; its receipt where it has found nothing. */
  private Object found(String id) {
    return Json.readList(root.api().get("/v1/versions"), VersionStatus.class).stream()
        .map(VersionStatus::rehearsal)
        .filter(last -> last != null && last.run().equals(id))
        .map(Object.class::cast)
        .findFirst()
        .orElseGet(() -> SnapshotCommand.receipt(root, id));
  }

  /** A rehearsal in short: {@code rehearsed with the data of 2026-11-27 05:12: good}. */
  static String describe(RehearsalRecord rehearsal) {
    return "rehearsed with the data of %s: %s"
        .formatted(
            HumanText.when(rehearsal.dataAt()),
            rehearsal.good() ? "good" : "FAILED, " + rehearsal.reason());
  }
}
