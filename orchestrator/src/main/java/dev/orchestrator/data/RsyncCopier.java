package dev.orchestrator.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.orchestrator.Deadline;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.engine.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Copies with rsync in a helper container of the capsules' base image, which has the script {@code
 * capsule-copy}: no network, the source mounted read-only, and only the rights to read every file
 * and to give the copy its owner, mode and capabilities. Any thread; calls block.
 */
public final class RsyncCopier implements DataCopier {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SPACE = Duration.ofMinutes(30);
  private static final Duration STOP = Duration.ofSeconds(1);
  private static final Security RIGHTS =
      Security.only(
          "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "MKNOD", "SETFCAP");

  private final Engine engine;
  private final Supplier<String> image;

  /**
   * @param image the capsules' base image
   */
  public RsyncCopier(Engine engine, Supplier<String> image) {
    this.engine = engine;
    this.image = image;
  }

  @Override
  public CopyReport copy(
      String from,
      String to,
      Pass pass,
      Map<String, String> labels,
      Duration deadline,
      Consumer<String> progress) {
    long start = System.nanoTime();
    String mode = pass == Pass.LIVE ? "live" : "final";
    JsonNode result =
        run(
            "copying %s to %s".formatted(from, to),
            mode,
            List.of(Mount.readOnly(from, "/from"), Mount.of(to, "/to")),
            labels,
            deadline,
            progress);
    return new CopyReport(
        result.path("files").asLong(),
        result.path("bytes").asLong(),
        Duration.ofNanos(System.nanoTime() - start));
  }

  @Override
  public long verify(String from, String to, Map<String, String> labels, Duration deadline) {
    return run(
            "comparing %s with its copy %s".formatted(from, to),
            "verify",
            List.of(Mount.readOnly(from, "/from"), Mount.readOnly(to, "/to")),
            labels,
            deadline,
            line -> {})
        .path("entries")
        .asLong();
  }

  @Override
  public Space space(String volume, Map<String, String> labels) {
    JsonNode result =
        run(
            "measuring " + volume,
            "space",
            List.of(Mount.readOnly(volume, "/from")),
            labels,
            SPACE,
            line -> {});
    return new Space(result.path("used").asLong(), result.path("free").asLong());
  }

  private JsonNode run(
      String doing,
      String mode,
      List<Mount> mounts,
      Map<String, String> labels,
      Duration limit,
      Consumer<String> progress) {
    Deadline deadline = Deadline.in(limit);
    String name = "orchestrator-data-" + UUID.randomUUID().toString().substring(0, 8);
    List<String> result = new ArrayList<>();
    try {
      engine.createContainer(helper(name, mounts, labels, limit));
      try {
        engine.startContainer(name);
        ExecResult exec =
            engine.exec(
                name,
                List.of("/usr/local/lib/capsule/capsule-copy", mode),
                deadline.remaining(),
                line -> {
                  if (line.startsWith("{")) {
                    result.add(line);
                  } else {
                    progress.accept(line);
                  }
                });
        if (!exec.ok() || result.isEmpty()) {
          throw new DataException(doing + ": " + exec.lastWords());
        }
      } finally {
        // With the deadline passed rsync still runs: it ends with its container.
        engine.removeContainer(name);
      }
      return JSON.readTree(result.getLast());
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw new DataException(doing + ": it answered with something else than a result", e);
    }
  }

  /** It ends by itself a minute after the deadline: nobody may be left to remove it. */
  private ContainerSpec helper(
      String name, List<Mount> mounts, Map<String, String> labels, Duration limit) {
    return new ContainerSpec(
        name,
        image.get(),
        List.of("sleep"),
        List.of(Long.toString(limit.toSeconds() + 60)),
        Map.of(),
        labels,
        mounts,
        List.of("/run"),
        "none",
        RIGHTS,
        STOP);
  }
}
