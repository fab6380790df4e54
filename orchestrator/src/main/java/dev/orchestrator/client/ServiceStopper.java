package dev.orchestrator.client;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.HomeLock;
import dev.orchestrator.home.PidFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Stops the service of a home, and describes the one that runs. */
public final class ServiceStopper {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private ServiceStopper() {}

  /** Sends SIGTERM to the service and waits for its end; returns a line that says what was done. */
  public static String stop(HomeFiles files) throws IOException, InterruptedException {
    if (!HomeLock.isHeld(files)) {
      return "no service runs on " + files.home();
    }
    ProcessHandle process =
        PidFile.read(files)
            .orElseThrow(() -> unknownProcess(files))
            .liveProcess()
            .orElseThrow(() -> unknownProcess(files));
    if (!process.destroy()) {
      throw new RefusedException(
          "can't signal the service (process %d): run the command as the user who runs it"
              .formatted(process.pid()));
    }
    try {
      process.onExit().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new CommandException(
          ExitCode.NEEDS_ATTENTION,
          "the service (process %d) has not stopped within %d s; its log: %s"
              .formatted(process.pid(), DEADLINE.toSeconds(), files.log()),
          e);
    }
    return "stopped the service (process " + process.pid() + ")";
  }

  /** One line that describes the service that runs, for a start that is refused. */
  public static String describe(HomeFiles files) {
    try {
      String process = PidFile.read(files).map(pid -> ", process " + pid.pid()).orElse("");
      String address = HomeFiles.read(files.address()).map(at -> ", API on " + at).orElse("");
      return "a service runs already on %s%s%s: 'orchestrator serve --stop' stops it"
          .formatted(files.home(), process, address);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RefusedException unknownProcess(HomeFiles files) {
    return new RefusedException(
        "a service runs on %s, but %s does not name its process: stop it by hand"
            .formatted(files.home(), files.pid()));
  }
}
