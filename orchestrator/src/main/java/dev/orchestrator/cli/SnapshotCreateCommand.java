package dev.orchestrator.cli;

import dev.orchestrator.journal.Receipt;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code snapshot create}. */
@Command(
    name = "create",
    description = {
      "Make a snapshot of what serves, which serves on.",
      "Clients are held while the data is at rest, for less than a second as a rule; the output"
          + " says for how long."
    })
final class SnapshotCreateCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "Name of the snapshot; default: the version and the time.")
  private @Nullable String name;

  @Option(
      names = "--stop",
      description =
          "Stop the services for the snapshot instead of freezing them: what they have in memory"
              + " is in it.")
  private boolean stop;

  @Mixin private final DetachOption detach = new DetachOption();

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotCreateCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    Map<String, String> body = new HashMap<>();
    if (name != null) {
      body.put("name", name);
    }
    if (stop) {
      body.put("quiesce", "stop");
    }
    String id = root.api().beginRun("/v1/snapshots", body);
    int code = SnapshotCommand.follow(root, id, detach.requested(), json);
    if (json.requested() && !detach.requested()) {
      Receipt receipt = SnapshotCommand.receipt(root, id);
      SnapshotCommand.print(
          root,
          SnapshotCommand.all(root).stream()
              .filter(made -> Objects.equals(made.generation(), receipt.upgrade().to()))
              .map(Object.class::cast)
              .findFirst()
              .orElse(receipt));
    }
    return code;
  }
}
