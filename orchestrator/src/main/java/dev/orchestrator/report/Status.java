package dev.orchestrator.report;

import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.BackupReport.Health;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The status of the stack, as {@code orchestrator status} shows it. JSON of the API: component
 * names are a contract.
 *
 * @param state {@code serving}, {@code upgrading}, {@code adopting}, {@code undoing adoption},
 *     {@code original serves} (the compose project that the stack was made of), {@code down},
 *     {@code empty} (nothing brought up yet) or {@code needs attention}
 * @param attention the problem that needs a person, with the commands that help; or empty
 * @param serving the generation that serves, null when nothing was brought up yet
 * @param previous the generation that a rollback would go to, or null
 * @param original the compose project that the stack was made of, while it serves or can serve
 *     again; null where there is none
 * @param running the run that is under way, or null
 * @param runningStep id of its step, or empty
 * @param last the last run that has ended, or null
 * @param nextRun the schedule's next run, or null
 * @param engine version and address of the engine, or why it does not answer
 * @param backups how the backups stand; null where none are configured
 * @param rehearsal the last rehearsal, of whatever version; null where there was none
 * @param invariants what the last run that has compared figures of the data has found
 */
public record Status(
    String stack,
    String state,
    String attention,
    @Nullable Side serving,
    @Nullable Side previous,
    @Nullable Original original,
    List<Service> services,
    List<Route> routes,
    @Nullable UpgradeRecord running,
    String runningStep,
    @Nullable UpgradeRecord last,
    @Nullable Instant nextRun,
    String engine,
    @Nullable Health backups,
    @Nullable RehearsalRecord rehearsal,
    List<InvariantRecord> invariants) {

  public Status {
    // A service that was started before there were any sends none.
    invariants = Objects.requireNonNullElse(invariants, List.of());
  }

  /**
   * A generation in short.
   *
   * @param engine the address of the other engine that it is on; null on this host's
   */
  public record Side(
      String version,
      int generation,
      String container,
      String state,
      Instant since,
      @Nullable String engine) {

    /** A generation on this host's engine. */
    public Side(String version, int generation, String container, String state, Instant since) {
      this(version, generation, container, state, since, null);
    }
  }

  /**
   * The compose project of the host that the stack was made of.
   *
   * @param serves whether it serves in place of the stack, by the journal
   * @param state what its containers do: {@code running}, {@code stopped}, which of them run not
   * @param apart what the project or the stack has of its clients' data and the other one has not,
   *     and where that is; or empty
   */
  public record Original(String project, boolean serves, String state, String apart) {}

  /**
   * A service of the generation that serves.
   *
   * @param restarts by the inner engine, because it had ended
   * @param heals restarts by the capsule, because it was unhealthy
   * @param note what else a person should know, such as a slow restart loop; or empty
   * @param problem why it is not well, as an upgrade would say it; empty when it is well, as a job
   *     is that has done its work
   */
  public record Service(
      String name,
      String state,
      String health,
      int restarts,
      int heals,
      String note,
      String problem) {}

  /**
   * A route with its traffic.
   *
   * @param dropped datagrams of a udp route that reached nobody
   * @param path which way new connections take: {@code kernel} or {@code proxy}
   * @param pathReason why it is the proxy's although the kernel's was asked for; or empty
   * @param kernelTotal connections that the kernel has led past the proxy, which are in the total
   * @param kernelBytes bytes that went that way, in both directions
   */
  public record Route(
      String name,
      String address,
      String target,
      String gate,
      long open,
      long total,
      long heldNow,
      long dropped,
      String path,
      String pathReason,
      long kernelTotal,
      long kernelBytes) {

    public Route {
      // A service that was started before this was told sends none.
      path = Objects.requireNonNullElse(path, "proxy");
      pathReason = Objects.requireNonNullElse(pathReason, "");
    }
  }
}
