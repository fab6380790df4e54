package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A copy to a volume of another engine, with a container on each: rsync runs in the one, its other
 * side in the other, and this process passes to each what the other writes. So the data goes
 * through the connections to the engines, which authenticate and encrypt, and neither container has
 * a network.
 */
final class RemoteCopy implements DataCopier.Copying {
  private static final String SCRIPT = "capsule-move";

  private final Engine here;
  private final String image;
  private final DataVolume from;
  private final CopyJob job;
  private final String doing;
  private final String seed = UUID.randomUUID().toString();
  private @Nullable HelperContainer reader;
  private @Nullable HelperContainer writer;
  private boolean used;

  private RemoteCopy(Engine here, String image, DataVolume from, CopyJob job) {
    this.here = here;
    this.image = image;
    this.from = from;
    this.job = job;
    this.doing = "copying %s to %s on another host".formatted(from.volume(), job.to().volume());
  }

  static RemoteCopy begin(Engine here, Engine there, String image, DataVolume from, CopyJob job) {
    RemoteCopy copy = new RemoteCopy(here, image, from, job);
    try {
      copy.writer =
          HelperContainer.startSide(
              there, image, copy.doing, null, job.to(), job.labels(), job.life());
      copy.reader = copy.startReader();
      return copy;
    } catch (DataException e) {
      copy.close();
      throw e;
    }
  }

  private HelperContainer startReader() {
    return HelperContainer.startSide(here, image, doing, from, null, job.labels(), job.life());
  }

  /**
   * An overlay goes on showing the layers as they were when it was mounted: the next pass has a
   * container of its own, which is given what the passes before have found out.
   */
  private HelperContainer readerForNextPass(Deadline end) {
    HelperContainer current = reader();
    if (used && from.layered()) {
      HelperContainer next = startReader();
      reader = next;
      try {
        handOver(current, next, end);
      } finally {
        current.close();
      }
      current = next;
    }
    used = true;
    return current;
  }

  private void handOver(HelperContainer last, HelperContainer next, Deadline end) {
    try (ExecStream known = last.open(command(List.of("known")), line -> {});
        ExecStream taken = next.open(command(List.of("resume")), line -> {})) {
      FutureTask<Long> going =
          inBackground(() -> {
            boolean _ = pass(known.output(), taken.input());
            return taken.output().transferTo(OutputStream.nullOutputStream());
          });
      long _ = await(going, end);
      if (known.exitCode() != 0 || taken.exitCode() != 0) {
        throw new DataException(doing + ": what the passes before have found out is lost");
      }
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  private static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(HelperContainer.FOLDER + SCRIPT));
    command.addAll(arguments);
    return command;
  }

  private HelperContainer reader() {
    HelperContainer current = reader;
    if (current == null) {
      throw new IllegalStateException("closed");
    }
    return current;
  }

  private HelperContainer writer() {
    HelperContainer current = writer;
    if (current == null) {
      throw new IllegalStateException("closed");
    }
    return current;
  }

  @Override
  public CopyReport live(Duration deadline, Consumer<String> progress) {
    Deadline end = Deadline.in(deadline);
    Moved moved = pass(readerForNextPass(end), true, end, progress);
    // What changes meanwhile is not asked for: the next pass has about as much as this one has
    // moved.
    return new CopyReport(
        moved.files(), moved.bytes(), 0, 0, 0, moved.bytes(), deadline.minus(end.remaining()));
  }

  /** Lets both sides take the digests now that the last comparison asks for. */
  @Override
  public long compare(boolean full, Duration deadline) {
    return fingerprints(full, Deadline.in(deadline)).get(0).path("content").asLong();
  }

  @Override
  public CopyReport finish(boolean full, Duration deadline, Consumer<String> progress) {
    Deadline end = Deadline.in(deadline);
    HelperContainer source = readerForNextPass(end);
    Moved moved = pass(source, false, end, progress);
    JsonNode _ = exchange(source, List.of("send", "check"), end, line -> {});
    List<JsonNode> sides = fingerprints(full, end);
    JsonNode original = sides.get(0);
    JsonNode copy = sides.get(1);
    if (!original.equals(copy)) {
      throw new DataException(
          "%s: the copy%s differs from the original: %s"
              .formatted(
                  doing,
                  original.path("tree").equals(copy.path("tree")) ? "'s content" : "",
                  firstDifference(end)));
    }
    long entries = original.path("entries").asLong();
    return new CopyReport(
        moved.files(),
        moved.bytes(),
        entries,
        original.path("content").asLong(),
        moved.files(),
        0,
        deadline.minus(end.remaining()));
  }

  private record Moved(long files, long bytes) {
    Moved plus(JsonNode result) {
      return new Moved(
          files + result.path("files").asLong(), bytes + result.path("bytes").asLong());
    }
  }

  /** A pass over everything; over what may have changed in silence first. */
  private Moved pass(
      HelperContainer source, boolean live, Deadline end, Consumer<String> progress) {
    String mode = live ? "live" : "";
    JsonNode begun = source.run(SCRIPT, List.of("begin", mode), end.remaining(), line -> {});
    Moved moved = new Moved(0, 0);
    if (begun.path("suspects").asLong() > 0) {
      moved = moved.plus(exchange(source, List.of("send", "suspects", mode), end, progress));
    }
    moved = moved.plus(exchange(source, List.of("send", "all", mode), end, progress));
    JsonNode _ = writer().run(SCRIPT, List.of("flush"), end.remaining(), line -> {});
    JsonNode _ = source.run(SCRIPT, List.of("end"), end.remaining(), line -> {});
    return moved;
  }

  /** Runs rsync in the one container and its other side in the other; returns its result. */
  private JsonNode exchange(
      HelperContainer source, List<String> arguments, Deadline end, Consumer<String> progress) {
    List<String> result = Collections.synchronizedList(new ArrayList<>());
    List<String> errors = Collections.synchronizedList(new ArrayList<>());
    try (ExecStream to = writer().open(command(List.of("receive")), errors::add);
        ExecStream sender =
            source.open(
                command(arguments),
                line -> {
                  if (line.startsWith("{")) {
                    result.add(line);
                  } else {
                    errors.add(line);
                    progress.accept(line);
                  }
                })) {
      FutureTask<Boolean> back = inBackground(() -> pass(to.output(), sender.input()));
      FutureTask<Boolean> forth = inBackground(() -> pass(sender.output(), to.input()));
      await(forth, end);
      int code = sender.exitCode();
      if (code != 0 || result.isEmpty()) {
        throw new DataException(
            doing + ": " + (errors.isEmpty() ? "it ended with code " + code : errors.getLast()));
      }
      await(back, end);
      return Json.tree(result.getLast());
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  private static boolean pass(InputStream in, OutputStream out) throws IOException {
    try (out) {
      in.transferTo(out);
    } catch (IOException e) {
      // The other end is gone, and says why; what is left here must not keep it waiting.
      in.transferTo(OutputStream.nullOutputStream());
    }
    return true;
  }

  private static <T> FutureTask<T> inBackground(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofVirtual().name("copy to another host").start(task);
    return task;
  }

  private <T> T await(FutureTask<T> task, Deadline end) {
    try {
      return task.get(end.remaining().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new DataException(doing + ": not done in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DataException(doing + ": interrupted", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw cause instanceof DataException known
          ? known
          : new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /** Of both sides at once, the original's first. */
  private List<JsonNode> fingerprints(boolean full, Deadline end) {
    List<String> arguments = new ArrayList<>(List.of("fingerprint", seed));
    if (full) {
      arguments.add("full");
    }
    HelperContainer source = reader();
    HelperContainer target = writer();
    FutureTask<JsonNode> original =
        inBackground(() -> source.run(SCRIPT, arguments, end.remaining(), line -> {}));
    JsonNode copy = target.run(SCRIPT, arguments, end.remaining(), line -> {});
    return List.of(await(original, end), copy);
  }

  /** The first of the sorted entries that only one side has, in a form that fits in a line. */
  private String firstDifference(Deadline end) {
    List<String> command = command(List.of("list"));
    try (ExecStream original = reader().open(command, line -> {});
        ExecStream copy = writer().open(command, line -> {})) {
      return await(inBackground(() -> firstDifference(original.output(), copy.output())), end);
    }
  }

  private static String firstDifference(InputStream original, InputStream copy) throws IOException {
    InputStream first = new BufferedInputStream(original, 1 << 16);
    InputStream second = new BufferedInputStream(copy, 1 << 16);
    while (true) {
      String one = entry(first);
      String other = entry(second);
      if (!one.equals(other)) {
        String shown =
            one.isEmpty() || (!other.isEmpty() && other.compareTo(one) < 0) ? other : one;
        return shown
            .replaceFirst("^[0-9a-f]{64} ", "")
            .replaceFirst("// .*$", "")
            .replaceFirst("^\\./", "")
            .replaceAll("[^\\x20-\\x7e]", "?");
      }
      if (one.isEmpty()) {
        return "it is not known where";
      }
    }
  }

  private static String entry(InputStream in) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int read = in.read(); read > 0; read = in.read()) {
      text.write(read);
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    HelperContainer source = reader;
    HelperContainer target = writer;
    reader = null;
    writer = null;
    try {
      if (source != null) {
        source.close();
      }
    } finally {
      if (target != null) {
        target.close();
      }
    }
  }
}
