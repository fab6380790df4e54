package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.Engine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A copy under way, in a container of its own. */
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
    RsyncCopy copy = new RsyncCopy(engine, image, job);
    copy.helper = copy.start();
    return copy;
  }

  private HelperContainer start() {
    return HelperContainer.start(
        engine,
        image,
        "copying %s to %s".formatted(job.from().description(), job.to().volume()),
        job.from(),
        job.to(),
        true,
        job.labels(),
        job.life());
  }

  /**
   * The container for the next pass. An overlay goes on showing the layers as they were when it was
   * mounted, and a file of the host that was replaced by another stays mounted as it was: each pass
   * over these needs a new container.
   */
  private HelperContainer forNextPass() {
    HelperContainer current = helper;
    if (current == null || (used && goesStale())) {
      close();
      current = start();
      helper = current;
    }
    used = true;
    return current;
  }

  private boolean goesStale() {
    return switch (job.from()) {
      case DataVolume volume -> volume.layered();
      case HostData host -> host.hasFiles();
    };
  }

  @Override
  public CopyReport live(Duration deadline, Consumer<String> progress) {
    return run(forNextPass(), "live", false, deadline, progress);
  }

  @Override
  public long compare(boolean full, Duration deadline) {
    return run(forNextPass(), "compare", full, deadline, line -> {}).content();
  }

  @Override
  public CopyReport finish(boolean full, Duration deadline, Consumer<String> progress) {
    return run(forNextPass(), "finish", full, deadline, progress);
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
      // Of several file systems of a host, some may share blocks with the copy's and some not.
      arguments.add(job.from() instanceof HostData ? "share-some" : "share");
    }
    if (!job.durable()) {
      arguments.add("loose");
    }
    JsonNode result = running.run(arguments, deadline, progress);
    return new CopyReport(
        result.path("files").asLong(),
        result.path("bytes").asLong(),
        result.path("entries").asLong(),
        result.path("content").asLong(),
        result.path("changed").asLong(),
        result.path("left").asLong(result.path("bytes").asLong()),
        deadline.minus(end.remaining()));
  }

  @Override
  public void close() {
    HelperContainer current = helper;
    helper = null;
    if (current != null) {
      current.close();
    }
  }
}
