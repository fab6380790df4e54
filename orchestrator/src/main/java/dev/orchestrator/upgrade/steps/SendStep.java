package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.ImageSender;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.VolumeTransfer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Sends the image of the version that serves to another engine, when there is room for all. */
final class SendStep extends Step {
  /** Key in the journal, with the run: a name of an image that the other engine had before. */
  private static final String HAD_KEY = "destination-had";

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
    EngineInfo here = context.engine().info();
    EngineInfo there = found.info();
    String address = found.where().address();
    if (isSame(run.blue(), context.engine(), found.engine())) {
      throw new RefusedException(
          "%s is the engine that the stack is on already: name another".formatted(address));
    }
    if (!here.platform().architecture().equals(there.platform().architecture())
        || !here.platform().os().equals(there.platform().os())) {
      throw new RefusedException(
          "the engine at %s is on %s/%s, and the images are for %s/%s: build the stack there"
              .formatted(
                  address,
                  there.platform().os(),
                  there.platform().architecture(),
                  here.platform().os(),
                  here.platform().architecture()));
    }
    List<HostGrants.Path> paths = context.builder().grants(run.blue().image()).paths();
    if (!paths.isEmpty()) {
      throw new RefusedException(
          "the services use paths of this host, which do not go along: %s: make them data of the stack, or move them by hand and upgrade to a version without them first"
              .formatted(
                  paths.stream().map(HostGrants.Path::path).collect(Collectors.joining(", "))));
    }
    return "engine %s at %s (%s)".formatted(there.version(), address, found.where().host());
  }

  /** By the container that serves: machines that were copied have engines with one id. */
  private static boolean isSame(Generation blue, Engine here, Engine there) {
    Optional<String> own = here.container(blue.container()).map(ContainerInfo::id);
    return own.isPresent() && own.equals(there.container(blue.container()).map(ContainerInfo::id));
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
    Generation green = candidate(run, context, found.where());
    ImageSender sender = new ImageSender(context.engine(), found.engine());
    long start = System.nanoTime();
    Duration limit = context.limits().preSync();

    // Helpers run in it, also the one that measures.
    String base = context.builder().base(progress);
    long sent = 0;
    if (!sender.isThere(base)) {
      sent += sender.send(base, limit, progress);
    } else if (context.journal().attachment(run.id(), HAD_KEY).isEmpty()) {
      context.journal().attach(run.id(), HAD_KEY, base);
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
                  name, sent, sent == 0, Duration.ofNanos(System.nanoTime() - start).toMillis()));
      return "%s sent to %s; there: %s"
          .formatted(HumanText.bytes(sent), found.where().address(), space);
    } finally {
      // Its own name here stays; where it has none any more, it needs this one.
      if (context.engine().image(name).filter(image -> image.tags().size() > 1).isPresent()) {
        context.engine().removeImage(name);
      }
    }
  }

  private static Generation candidate(UpgradeRun run, UpgradeContext context, RemoteEngine where) {
    Generation known = run.green;
    if (known != null) {
      return known;
    }
    Generation blue = run.blue();
    int number = context.journal().nextGeneration();
    Generation green =
        new Generation(
            number,
            blue.version(),
            blue.content(),
            blue.image(),
            context.names().container(number),
            context.transfer().targetVolumes(run, number),
            context.names().store(number),
            blue.ports(),
            context.clock().instant(),
            where);
    context.journal().addCandidate(run.id(), green);
    run.green = green;
    return green;
  }

  /** The data, the image, and once more the images in it, which the inner engine unpacks. */
  private static String requireSpace(
      UpgradeRun run, UpgradeContext context, RemoteEngines.Found found, long image) {
    Engine there = found.engine();
    Map<String, String> labels = context.names().helperLabels(run.id(), ResourceNames.LOOK);
    String volume = run.green().container() + "-look";
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
    long needed = data + image * 2;
    long reserve = context.dataSettings().reserve();
    if (needed + reserve > usage.free()) {
      throw new RefusedException(
          "not enough space at %s: %s needed and %s to stay free (data.reserve), %s free where that engine keeps its volumes"
              .formatted(
                  found.where().address(),
                  HumanText.bytes(needed),
                  HumanText.bytes(reserve),
                  HumanText.bytes(usage.free())));
    }
    return "%s needed, %s free".formatted(HumanText.bytes(needed), HumanText.bytes(usage.free()));
  }

  /** Removes what was sent; not where clients were led to the candidate, which is set aside. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation green = run.green;
    if (green == null || context.hasServed(run)) {
      return "";
    }
    RemoteEngine where = green.elsewhere();
    if (where == null) {
      throw new IllegalStateException(green.container() + " is on no other engine");
    }
    Engine there = context.others().at(where);
    there.removeVolume(green.container() + "-look");
    // Where that host did not answer the undo of the copy, its helper still keeps the volumes.
    context.transfer().removeHelpers(run);
    context.retention().remove(green);
    List<String> images = new ArrayList<>(List.of(context.names().sentImage(green)));
    if (context.journal().attachment(run.id(), HAD_KEY).isEmpty()) {
      images.add(context.builder().base(progress));
    }
    images.forEach(there::removeImage);
    return "what was sent is removed";
  }
}
