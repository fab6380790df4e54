package dev.orchestrator.capsule;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.settings.Invariant;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A capsule that runs: its inner engine and its services, as its {@code capsule} command controls
 * them. Calls block, each with a deadline; a failure is a {@link CapsuleException} that says what
 * was asked and what was answered.
 */
public interface Capsule {

  /** The name of its container. */
  String name();

  /** Its address on the outer engine's network. */
  String address();

  /** Waits until the inner engine answers and has every inner image. */
  void awaitReady(Duration deadline);

  /**
   * Lets nothing in it open a connection to anything outside from now on, not even to the host;
   * what asks it from outside is answered.
   */
  void isolate(Duration deadline);

  /**
   * Goes without these services from now on: they are not created, and no other one waits for them.
   * To be called before {@link #create}; fails where another service needs the network or the
   * volumes of one of them.
   */
  void leaveOut(Collection<String> services, Duration deadline);

  /** What memory it takes, and what its host has. */
  MemoryUse memory(Duration deadline);

  /**
   * Creates the containers of its services without starting them.
   *
   * @param aside names of data volumes into which nothing may be put, because a copy will fill them
   */
  void create(Collection<String> aside, Duration deadline);

  /** Starts its services in the order of their dependencies. */
  void start(Duration deadline);

  /** Sets the lease and starts its services: one request, as clients may wait. */
  default void start(int epoch, Duration deadline) {
    lease(epoch, deadline);
    start(deadline);
  }

  /** Stops its services in reverse order, each within its own grace time, and flushes the data. */
  default void stop(Duration deadline) {
    stop(List.of(), deadline);
  }

  /**
   * Stops the services that are named, or all when none is named. Once all are stopped nothing in
   * the capsule uses its data volumes.
   */
  void stop(Collection<String> services, Duration deadline);

  /**
   * Writes what its services have written so far to the disk, while they run, so that little is
   * left for a stop or a freeze, which flush the rest. A capsule that is older than this does
   * nothing, and flushes all of it then.
   */
  void flush(Duration deadline);

  /**
   * Sets the lease, stops all its services, and tells their state after that: one request, as
   * clients wait.
   */
  default List<InnerService> stop(int epoch, Duration deadline) {
    lease(epoch, deadline);
    stop(deadline);
    return services(deadline);
  }

  /** Pauses running services, and flushes the data. */
  void freeze(Collection<String> services, Duration deadline);

  /** Lets paused services go on. */
  void thaw(Duration deadline);

  /** Mounts its layered data volumes as clones; nobody may write to the layers below them. */
  void mount(Duration deadline);

  /** Tries out what a clone can do on this host. */
  CloneSupport clones(Duration deadline);

  /** The state of all its services. */
  List<InnerService> services(Duration deadline);

  /** Runs the health check of a service now, as the inner engine would. */
  ExecResult check(String service, Duration deadline);

  /**
   * What has happened to its services since a time; empty when the capsule is older than the
   * question.
   */
  Optional<ServiceTimes> times(Instant since, Duration deadline);

  /**
   * Has the capsule restart each service that stays unhealthy. Ends when its services are stopped.
   *
   * @param looks so many in a row, ten seconds apart, must find the service unhealthy; 0 restarts
   *     nothing
   */
  void heal(int looks, Duration deadline);

  /** Runs a command in the container of a service. */
  ExecResult exec(String service, List<String> command, Duration deadline);

  /**
   * The last lines of the log of a service.
   *
   * @param service null for the logs of all services
   */
  List<String> logs(@Nullable String service, int tail, Duration deadline);

  /**
   * What its services wrote outside their volumes, the largest first.
   *
   * @param ignore paths in containers that are left out, with everything below them
   */
  List<OutsidePath> outside(List<String> ignore, Duration deadline);

  /** The tables of its services' databases; databases that can't be asked are left out. */
  List<DatabaseTable> tables(Duration deadline);

  /**
   * The tables of the SQLite files in one of its data volumes, while its services run.
   *
   * @param limit of the count; files that it has not come to by then are told
   */
  SqliteTables sqliteTables(DataVolume volume, Duration limit);

  /**
   * Has the databases of its services check themselves, each with its own tool in its own
   * container: MariaDB and MySQL, PostgreSQL, and the SQLite files in the data, found by their
   * header. A tool may change the data, as it repairs or adds what it needs for a check.
   */
  List<DatabaseCheck> checkDatabases(Duration deadline);

  /**
   * Asks its services for the figures of invariants, all at the same time. An answer that can't be
   * had is an answer that says why.
   */
  List<FigureAnswer> figures(List<Invariant> invariants, Duration deadline);

  /**
   * The schemas of its services' databases and the migrations that have run in them; databases that
   * can't be asked are left out.
   */
  List<DatabaseSchema> schemas(Duration deadline);

  /**
   * The release's files in its data, as they are now, at these paths and where it has seeded any.
   */
  SeededFiles seededFiles(Collection<String> paths, Duration deadline);

  /**
   * How a file in its data differs from a text: see {@link ChangedFile#diff}.
   *
   * @param path in the capsule
   */
  String diff(String path, String text, Duration deadline);

  /**
   * Makes the release's files in its data those of its own release, as the start of its services
   * does, but with an answer for files that were changed.
   *
   * @param changed what becomes of them; null for what is set
   * @param known {@code PATH=VALUE} of what earlier releases had, for data without a record
   * @return false when it was built before a capsule could do this
   */
  boolean applyFiles(@Nullable Policy changed, List<String> known, Duration deadline);

  /** What the last start of its services has made of the release's files in its data. */
  FilesReport filesReport(Duration deadline);

  /**
   * The release's files in its data that differ from its own release's. Empty when it was built
   * before a capsule could tell.
   */
  List<ChangedFile> changedFiles(Duration deadline);

  /** The absolute paths, at or below /data, that its services mount as volumes or for writing. */
  List<String> dataPaths(Duration deadline);

  /**
   * The sizes in bytes of these paths, without those that aren't there, that have no files, or that
   * have no other files than the release.
   */
  Map<String, Long> sizes(Collection<String> paths, Duration deadline);

  /**
   * Puts a file or folder in its place in the data, with its services running, each file at once.
   * Refuses to replace a file that a service has open.
   *
   * @param from folder in the capsule that has it, with the folders that lead to it; it is removed
   * @param to folder of the data
   * @param path in both
   */
  TakenFiles takeIn(String from, String to, String path, Duration deadline);

  /** Writes a word beside its data, durably. */
  void mark(String word, Duration deadline);

  /** Reads that word; empty when none was written. */
  String mark(Duration deadline);

  /**
   * Writes an epoch into the lease of its data: a capsule with a smaller epoch then refuses to
   * start services on that data.
   */
  void lease(int epoch, Duration deadline);
}
