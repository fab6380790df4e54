package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.Engine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A copy in a helper container. */
final class RsyncCopy implements DataCopier.Copying {
  private final Engine engine;
  private final String image;
  private final CopyJob job;
  private @Nullable HelperContainer helper;
  private boolean used;

  private RsyncCopy(Engine engine, String image, CopyJob job) {
    this.engine = engine;
    this.image = image;
    this.job = job;
  }

  static RsyncCopy begin(Engine engine, String image, CopyJob job) {
    RsyncCopy copying = new RsyncCopy(engine, image, job);
    copying.helper = copying.start();
    return copying;
  }

  private HelperContainer start() {
    return HelperContainer.start(
        engine,
        image,
        "copying %s to %s".formatted(job.from().volume(), job.to().volume()),
        job.from(),
        job.to(),
        true,
        job.labels(),
        job.life());
  }

  /**
   * A view of layers shows them as they were when it was first looked at: each pass over such needs
   * a new one.
   */
  private HelperContainer fresh() {
    HelperContainer there = helper;
    if (there == null || (used && job.from().layered())) {
      close();
      there = start();
      helper = there;
    }
    used = true;
    return there;
  }

  @Override
  public CopyReport live(Duration deadline, Consumer<String> progress) {
    return run(fresh(), "live", false, deadline, progress);
  }

  @Override
  public long compare(boolean full, Duration deadline) {
    return run(fresh(), "compare", full, deadline, line -> {}).content();
  }

  @Override
  public CopyReport finish(boolean full, Duration deadline, Consumer<String> progress) {
    return run(fresh(), "finish", full, deadline, progress);
  }

  private CopyReport run(
      HelperContainer running,
      String pass,
      boolean full,
      Duration deadline,
      Consumer<String> progress) {
    Deadline end = Deadline.in(deadline);
    List<String> arguments = new ArrayList<>(List.of(pass));
    if (full) {
      arguments.add("full");
    }
    if (job.share()) {
      arguments.add("share");
    }
    JsonNode result = running.run(arguments, deadline, progress);
    return new CopyReport(
        result.path("files").asLong(),
        result.path("bytes").asLong(),
        result.path("entries").asLong(),
        result.path("content").asLong(),
        deadline.minus(end.remaining()));
  }

  @Override
  public void close() {
    HelperContainer there = helper;
    helper = null;
    if (there != null) {
      there.close();
    }
  }
}
