package dev.orchestrator.capsule;

import dev.orchestrator.engine.ExecResult;
import java.time.Duration;
import java.util.Collection;
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
  default void stop(Duration deadline) {
    stop(List.of(), deadline);
  }

  /**
   * The same for some of them; all when none is named. With all of them stopped nothing of this
   * capsule uses its data volumes any more.
   */
  void stop(Collection<String> services, Duration deadline);

  /** Pauses running services as they are, and flushes the data. */
  void freeze(Collection<String> services, Duration deadline);

  /** Services that were paused go on. */
  void thaw(Duration deadline);

  /** Makes the clones that its layered data volumes are to be: what is below them is at rest. */
  void mount(Duration deadline);

  /** What a clone can do on this host. */
  CloneSupport clones(Duration deadline);

  List<InnerService> services(Duration deadline);

  /** Runs a command inside an inner service. */
  ExecResult exec(String service, List<String> command, Duration deadline);

  /** The last lines of one inner service's log, or of all. */
  List<String> logs(@Nullable String service, int tail, Duration deadline);

  /**
   * What its services wrote outside their volumes, the largest first.
   *
   * @param ignore paths below which that is no loss
   */
  List<OutsidePath> outside(List<String> ignore, Duration deadline);

  /** The tables of its services' databases, as far as those can be asked. */
  List<DatabaseTable> tables(Duration deadline);

  /** Keeps a word with its data, durable. */
  void mark(String word, Duration deadline);

  /** That word; empty where there is none. */
  String mark(Duration deadline);

  /**
   * Writes the epoch into the lease of its data: capsules with a smaller one won't start services.
   */
  void lease(int epoch, Duration deadline);
}
