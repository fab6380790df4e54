package dev.orchestrator.cli;

import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code watch [ID]}. */
@Command(name = "watch", description = "Show a run as it happens, from its beginning.")
final class WatchCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      arity = "0..1",
      paramLabel = "ID",
      description = "Id of the run (default: the run that is under way).")
  private @Nullable String id;

  WatchCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    return root.follower().followNamed(id == null ? idOfRunning() : id);
  }

  private String idOfRunning() {
    Status status = Json.read(root.api().get("/v1/status"), Status.class);
    UpgradeRecord running = status.running();
    if (running != null) {
      return running.id();
    }
    UpgradeRecord last = status.last();
    String hint =
        last == null ? "" : ": 'orchestrator show %s' shows the last run".formatted(last.id());
    throw new CommandException(ExitCode.REFUSED, "nothing runs at present" + hint);
  }
}
