package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.upgrade.FreezeGuard;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.function.Consumer;

/** Builds the capsule image of the version. */
final class BuildStep extends Step {
  BuildStep() {
    super(
        "build",
        "builds the capsule image, or takes the one with the same content",
        "kept as a cache");
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
  public String check(UpgradeRun run, UpgradeContext context) {
    run.check = context.builder().check(run.record.toVersion());
    return context.archives().require(run);
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    String stack = context.settings().stack().name();
    long start;
    CapsuleImage image;
    try (RunLimits.Permit _ = context.runLimits().await(RunLimits.Work.BUILD, stack, progress)) {
      start = System.nanoTime();
      image =
          context
              .archives()
              .image(run, progress)
              .orElseGet(() -> context.builder().build(run.record.toVersion(), progress));
    }
    run.image = image;
    if (run.blue != null) {
      FreezeGuard.check(
          context.dataSettings(),
          context.builder().databases(run.blue.image()),
          context.builder().databases(image.reference()));
    }
    long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
    context
        .log()
        .receipt(run.id())
        .image(
            new Receipt.Image(
                image.reference(),
                image.bytes(),
                image.cached(),
                millis,
                image.parts().stream()
                    .map(part -> new Receipt.BuildPart(part.what(), part.millis()))
                    .toList()));
    return image.reference()
        + ", "
        + HumanText.bytes(image.bytes())
        + (image.cached() ? ", unchanged: taken as it is" : "");
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
