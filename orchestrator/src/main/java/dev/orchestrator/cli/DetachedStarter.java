package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.ServeProcess;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.client.ServiceStopper;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.HomeLock;
import dev.orchestrator.home.PidFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Starts the service in a process and a session of its own, so that it outlives the terminal, and
 * waits until its API answers. Why a service could not start is told by the last line that it
 * wrote.
 */
final class DetachedStarter {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final CliContext context;
  private final ServiceLocation location;
  private final Path config;
  private final boolean takeover;
  private final HomeFiles files;
  private final ServeProcess service;

  DetachedStarter(CliContext context, ServiceLocation location, Path config, boolean takeover) {
    this.context = context;
    this.location = location;
    this.config = config;
    this.takeover = takeover;
    this.files = new HomeFiles(location.home());
    this.service = new ServeProcess(files, new ApiClient(location));
  }

  /**
   * Starts the service; returns the address of its API.
   *
   * @throws CommandException with the service's own exit code when it could not start
   */
  String start() throws IOException, InterruptedException {
    if (!takeover && HomeLock.isHeld(files)) {
      throw new RefusedException(ServiceStopper.describe(files));
    }
    Process process =
        new ProcessBuilder(command())
            .directory(new File("/"))
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(files.console().toFile())
            .start();
    Instant deadline = context.clock().instant().plus(DEADLINE);
    while (context.clock().instant().isBefore(deadline)) {
      if (process.waitFor(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw ended(process.exitValue());
      }
      Optional<String> address = answeringAddress(process.pid());
      if (address.isPresent()) {
        return address.get();
      }
    }
    process.destroy();
    throw new CommandException(
        ExitCode.UNREACHABLE,
        "the service did not answer within %d s and was stopped; its log: %s"
            .formatted(DEADLINE.toSeconds(), files.log()));
  }

  private List<String> command() {
    List<String> command = ServeProcess.command(context.mainClass(), config, location.home());
    if (takeover) {
      command.add("--takeover");
    }
    return command;
  }

  /** The address, once the process that was started owns the home and its API answers. */
  private Optional<String> answeringAddress(long pid) throws IOException {
    if (PidFile.read(files).filter(file -> file.pid() == pid).isEmpty()) {
      return Optional.empty();
    }
    return service.answeringAddress();
  }

  private CommandException ended(int exitCode) throws IOException {
    String last =
        service.lastConsoleLine().orElse("the service ended at once; its log: " + files.log());
    boolean documented = exitCode >= ExitCode.USAGE && exitCode <= ExitCode.UNREACHABLE;
    return new CommandException(documented ? exitCode : ExitCode.INTERNAL, last);
  }
}
