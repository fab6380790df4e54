package dev.orchestrator.report;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.ImageSender;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptReader;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.MoveCheck;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.VolumeTransfer;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Builds the plan of a move from what can be found out beforehand. Changes nothing; blocks. */
public final class MovePlanBuilder {
  /** In place of a run's id in the labels of helper containers. */
  private static final String NO_RUN = "plan";

  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(2);
  private static final int CONNECT_MILLIS = 1000;

  /** Steps in which clients wait, beside the last pass of the copy. */
  private static final Set<String> HELD = Set.of("hold", "quiesce", "start", "verify", "switch");

  private final UpgradeContext context;
  private final List<String> refusals = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  public MovePlanBuilder(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Builds the plan.
   *
   * @throws dev.orchestrator.common.RefusedException when that is no address of an engine
   * @throws EngineException when no engine answers there, or one that is too old
   */
  public MovePlan build(Generation blue, String address) {
    RemoteEngines.Found found = context.others().find(address);
    Map<String, String> labels = context.names().helperLabels(NO_RUN, ResourceNames.LOOK);
    checkHere(blue);
    refusals.addAll(MoveCheck.problems(context, blue, found));
    List<VolumeTransfer> transfers = context.planner().planMove(blue, labels);
    List<MovePlan.Image> sent = sent(blue, found);
    MoveCheck.Space space = space(found, transfers, sent, labels);
    if (space.free() >= 0) {
      space.problem().ifPresent(refusals::add);
    }
    checkRoutes(found.where().host());
    Hold hold = hold(transfers);
    EngineInfo there = found.info();
    return new MovePlan(
        new PlanBuilder(context)
            .plan(
                Kind.MOVE, blue.version(), blue.version(), UpgradePlans.MOVE, transfers, warnings),
        found.where().address(),
        found.where().host(),
        "Docker %s (API %s) on %s/%s"
            .formatted(
                there.version(),
                there.apiVersion(),
                there.platform().os(),
                there.platform().architecture()),
        sent,
        space.needed(),
        space.reserve(),
        space.free(),
        List.copyOf(new TreeSet<>(blue.ports().keySet())),
        hold.millis(),
        hold.basis(),
        List.copyOf(refusals));
  }

  private void checkHere(Generation blue) {
    context
        .journal()
        .running()
        .ifPresent(run -> refusals.add("%s is under way: wait for its end".formatted(run.id())));
    String routes = context.traffic().openFailure();
    if (!routes.isEmpty()) {
      refusals.add("the routes are not open, and clients are refused: " + routes);
    }
    try {
      List<String> problems = context.checkHealth(blue);
      if (!problems.isEmpty()) {
        refusals.add(
            "the version that serves is not healthy (%s): see 'orchestrator logs', mend it, then move"
                .formatted(String.join("; ", problems)));
      }
    } catch (CapsuleException | EngineException e) {
      refusals.add(FailureText.of(e));
    }
  }

  /** The base image goes first: helpers run in it. */
  private List<MovePlan.Image> sent(Generation blue, RemoteEngines.Found found) {
    ImageSender sender = new ImageSender(context.engine(), found.engine());
    String base = context.builder().base(line -> {});
    return List.of(
        new MovePlan.Image("the base image, " + base, sender.lacking(base)),
        new MovePlan.Image(
            "the capsule's image of " + blue.version(), sender.lacking(blue.image())));
  }

  private MoveCheck.Space space(
      RemoteEngines.Found found,
      List<VolumeTransfer> transfers,
      List<MovePlan.Image> sent,
      Map<String, String> labels) {
    long free = -1;
    try {
      String name =
          context.names().container(0) + "-plan-" + UUID.randomUUID().toString().substring(0, 8);
      free = context.copier().freeElsewhere(found.engine(), name, labels, MEASURE_TIMEOUT);
    } catch (DataException | EngineException e) {
      warnings.add(
          "the space there could not be found out, which the move does before clients wait: "
              + FailureText.of(e));
    }
    long data = transfers.stream().mapToLong(VolumeTransfer::bytesNeeded).sum();
    long images = sent.stream().mapToLong(MovePlan.Image::bytes).sum();
    return new MoveCheck.Space(
        found.where().address(), data, images, context.dataSettings().reserve(), free);
  }

  /**
   * Looks whether somebody listens there at the ports of the routes, which the orchestrator of that
   * host will open when it takes the stack over. The move itself has ports of its own choice.
   */
  private void checkRoutes(String host) {
    List<String> taken = new ArrayList<>();
    for (RouteSettings route : context.settings().stack().routes()) {
      if (!route.options().protocol().isDatagram() && listens(host, route.port())) {
        taken.add("%s (%d)".formatted(route.name(), route.port()));
      }
    }
    if (!taken.isEmpty()) {
      warnings.add(
          "somebody listens on %s at the ports of these routes: %s; the orchestrator there can't open them ('import --attach'): free them, or have other ports in stack.conf there"
              .formatted(host, String.join(", ", taken)));
    }
  }

  private static boolean listens(String host, int port) {
    InetSocketAddress address = new InetSocketAddress(host, port);
    try (Socket socket = new Socket()) {
      if (address.isUnresolved()
          || address.getAddress().isLoopbackAddress()
          || NetworkInterface.getByInetAddress(address.getAddress()) != null) {
        return false; // It is this host, whose routes are our own.
      }
      socket.connect(address, CONNECT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private record Hold(long millis, String basis) {}

  /** From what the last run of this stack took in the steps in which clients wait. */
  private Hold hold(List<VolumeTransfer> transfers) {
    long passes = transfers.stream().mapToLong(each -> each.lastPass().toMillis()).sum();
    Optional<UpgradeRecord> last =
        context.journal().history().stream()
            .filter(run -> run.outcome() == Outcome.DONE)
            .filter(run ->
                switch (run.kind()) {
                  case MOVE, UPGRADE, ROLLBACK, UP -> true;
                  case ADOPT, SNAPSHOT, RESTORE, PROVE, REHEARSE -> false;
                })
            .findFirst();
    if (last.isEmpty()) {
      return new Hold(-1, "");
    }
    Receipt receipt =
        ReceiptReader.of(context.journal(), context.settings().stack().name(), last.get().id());
    long steps =
        receipt.steps().stream()
            .filter(step -> HELD.contains(step.step()))
            .mapToLong(Receipt.Step::millis)
            .sum();
    return new Hold(
        steps + passes,
        "%s took %d ms in those steps, the last pass takes about %d ms, and what changes until then is copied"
            .formatted(last.get().id(), steps, passes));
  }
}
