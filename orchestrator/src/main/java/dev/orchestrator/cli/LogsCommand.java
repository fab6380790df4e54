package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code logs [SERVICE]}. */
@Command(name = "logs", description = "Print the last lines of the services' logs.")
final class LogsCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      arity = "0..1",
      paramLabel = "SERVICE",
      description = "Service of the compose file (default: all services).")
  private @Nullable String service;

  @Option(
      names = "--tail",
      paramLabel = "N",
      defaultValue = "100",
      description = "Number of lines of each service, from 1 to 10000 (default: ${DEFAULT-VALUE}).")
  private int tail;

  LogsCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String path = "/v1/logs?" + ApiClient.parameter("tail", Integer.toString(tail));
    if (service != null) {
      path += "&" + ApiClient.parameter("service", service);
    }
    for (String line : Json.readList(root.api().get(path), String.class)) {
      root.context().terminal().out().println(line);
    }
    return ExitCode.DONE;
  }
}
