package dev.orchestrator.capsule;

import dev.orchestrator.engine.ExecResult;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One capsule container, asked through its {@code capsule} command. Calls block, each with a
 * deadline; a failure is a {@link CapsuleException} that says what was asked and what came back.
 */
public interface Capsule {

  /** Its container's name. */
  String name();

  /** Address on the outer bridge. */
  String address();

  /** Waits until the inner engine answers and has every inner image. */
  void awaitReady(Duration deadline);

  /** Creates the inner containers, doesn't start them. */
  void create(Duration deadline);

  /** Starts the inner services in dependency order. */
  void start(Duration deadline);

  /** Stops the inner services in reverse order, each with its own grace, and flushes the data. */
  void stop(Duration deadline);

  List<InnerService> services(Duration deadline);

  /** Runs a command inside an inner service. */
  ExecResult exec(String service, List<String> command, Duration deadline);

  /** The last lines of one inner service's log, or of all. */
  List<String> logs(@Nullable String service, int tail, Duration deadline);

  /**
   * Writes the epoch into the lease of its data: capsules with a smaller one won't start services.
   */
  void lease(int epoch, Duration deadline);
}
