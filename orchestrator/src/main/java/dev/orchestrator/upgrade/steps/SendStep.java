package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageSender;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.upgrade.MoveCheck;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.SentCandidates;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.VolumeTransfer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Sends the image of the version that serves to another engine, when there is room for all. */
final class SendStep extends Step {
  private static final Duration MEASURE_TIMEOUT = Duration.ofMinutes(5);

  SendStep() {
    super("send", "sends the image to the other engine", "what was sent is removed");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.REFUSE;
  }

  @Override
  public boolean undoesCandidateAlone() {
    return true;
  }

  /** Looks for what would keep the other engine from running this capsule. */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    RemoteEngines.Found found = find(run, context);
    List<String> problems = MoveCheck.problems(context, run.blue(), found);
    if (!problems.isEmpty()) {
      throw new RefusedException(String.join("; ", problems));
    }
    return "engine %s at %s (%s)"
        .formatted(found.info().version(), found.where().address(), found.where().host());
  }

  private static RemoteEngines.Found find(UpgradeRun run, UpgradeContext context) {
    String address =
        context
            .journal()
            .attachment(run.id(), UpgradeRun.DESTINATION_KEY)
            .orElseThrow(() -> new IllegalStateException(run.id() + " has no destination"));
    return context.others().find(address);
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    RemoteEngines.Found found = find(run, context);
    Generation blue = run.blue();
    Generation green = context.candidates().ofBlue(run, found.where());
    ImageSender sender = new ImageSender(context.engine(), found.engine());
    long start = System.nanoTime();
    Duration limit = context.limits().preSync();

    // Helpers run in it, also the one that measures.
    String base = context.builder().base(progress);
    long sent = 0;
    if (!sender.isThere(base)) {
      sent += sender.send(base, limit, progress);
    } else {
      context.sentCandidates().noteBaseWasThere(run.id(), base);
    }
    String name = context.names().sentImage(green);
    context.engine().tag(blue.image(), name);
    try {
      long bytes = sender.isThere(name) ? 0 : sender.bytes(name);
      String space = requireSpace(run, context, found, bytes);
      if (!sender.isThere(name)) {
        sent += sender.send(name, limit, progress);
      }
      run.image =
          new CapsuleImage(blue.version(), name, blue.content(), blue.ports(), sent, sent == 0);
      context
          .log()
          .receipt(run.id())
          .image(
              new Receipt.Image(
                  name,
                  sent,
                  sent == 0,
                  Duration.ofNanos(System.nanoTime() - start).toMillis(),
                  List.of()));
      return "%s sent to %s; there: %s"
          .formatted(HumanText.bytes(sent), found.where().address(), space);
    } finally {
      // Its own name here stays; where it has none any more, it needs this one.
      if (context.engine().image(name).filter(image -> image.tags().size() > 1).isPresent()) {
        context.engine().removeImage(name);
      }
    }
  }

  /** The data, the image, and once more the images in it, which the inner engine unpacks. */
  private static String requireSpace(
      UpgradeRun run, UpgradeContext context, RemoteEngines.Found found, long image) {
    Engine there = found.engine();
    Map<String, String> labels = context.names().helperLabels(run.id(), ResourceNames.LOOK);
    String volume = SentCandidates.measured(run.green());
    there.createVolume(volume, labels);
    VolumeUsage usage;
    try {
      usage =
          context
              .copier()
              .measure(
                  DataVolume.plain("look", volume, DataVolume.Method.NEW, List.of()),
                  labels,
                  MEASURE_TIMEOUT);
    } finally {
      there.removeVolume(volume);
    }
    long data =
        context.transfer().transfers(run).stream().mapToLong(VolumeTransfer::bytesNeeded).sum();
    MoveCheck.Space space =
        new MoveCheck.Space(
            found.where().address(), data, image, context.dataSettings().reserve(), usage.free());
    space
        .problem()
        .ifPresent(problem -> {
          throw new RefusedException(problem);
        });
    return space.describe();
  }

  /** Removes what was sent; not where clients were led to the candidate, which is set aside. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation green = run.green;
    if (green == null || context.hasServed(run)) {
      return "";
    }
    run.endCopies();
    context.sentCandidates().remove(run.id(), green);
    return "what was sent is removed";
  }
}
