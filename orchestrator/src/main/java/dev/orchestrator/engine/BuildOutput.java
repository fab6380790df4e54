package dev.orchestrator.engine;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.BuildResponseItem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Passes on a build's output line by line, and keeps the last lines for a failure's message. */
final class BuildOutput extends ResultCallback.Adapter<BuildResponseItem> {
  private static final int KEPT = 8;

  private final Deque<String> last = new ArrayDeque<>();
  private final LineSplitter lines;
  private volatile @Nullable String error;

  BuildOutput(Consumer<String> progress) {
    this.lines =
        new LineSplitter(line -> {
          if (!line.isBlank()) {
            keep(line.strip());
            progress.accept(line);
          }
        });
  }

  @Override
  public void onNext(BuildResponseItem item) {
    if (item.getErrorDetail() != null) {
      error =
          EngineFailures.oneLine(
              Objects.toString(item.getErrorDetail().getMessage(), "no reason given"));
    } else if (item.getStream() != null) {
      add(item.getStream().getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Takes a part of the output, which need not end with a line. */
  void add(byte[] part) {
    lines.add(part);
  }

  Optional<String> error() {
    return Optional.ofNullable(error);
  }

  String lastLines() {
    synchronized (last) {
      return String.join(" / ", last);
    }
  }

  private void keep(String line) {
    synchronized (last) {
      last.addLast(line);
      if (last.size() > KEPT) {
        last.removeFirst();
      }
    }
  }
}
