package dev.orchestrator.engine;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import com.github.dockerjava.api.model.ResponseItem.ProgressDetail;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Adds up the engine's reports, which come for each layer many times a second, to one line a
 * second. Written by one thread at a time; read after the stream's end.
 */
final class PullProgress extends ResultCallback.Adapter<PullResponseItem> {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** How many bytes of a layer have come, of how many, and whether the layer is in place. */
  private record Layer(long current, long total, boolean done) {}

  private final String reference;
  private final InstantSource clock;
  private final Consumer<String> line;
  private final Map<String, Layer> layers = new HashMap<>();
  private Instant next;
  private volatile @Nullable String error;

  PullProgress(String reference, InstantSource clock, Consumer<String> line) {
    this.reference = reference;
    this.clock = clock;
    this.line = line;
    this.next = clock.instant().plus(PAUSE);
  }

  @Override
  public void onNext(PullResponseItem item) {
    if (item.getErrorDetail() != null) {
      error = Objects.toString(item.getErrorDetail().getMessage(), "no reason given");
      return;
    }
    String id = item.getId();
    String status = Objects.toString(item.getStatus(), "");
    switch (status) {
      case "Pulling fs layer", "Waiting" -> layers.put(id, new Layer(0, 0, false));
      case "Downloading" -> {
        ProgressDetail detail = item.getProgressDetail();
        if (detail != null && detail.getCurrent() != null && detail.getTotal() != null) {
          layers.put(id, new Layer(detail.getCurrent(), detail.getTotal(), false));
        }
      }
      case "Pull complete", "Already exists" ->
          layers.compute(
              id,
              (_, was) ->
                  was == null ? new Layer(0, 0, true) : new Layer(was.total, was.total, true));
      default -> {}
    }
    Instant now = clock.instant();
    if (!layers.isEmpty() && !now.isBefore(next)) {
      next = now.plus(PAUSE);
      line.accept(summary());
    }
  }

  /** The failure that the engine reported while layers came. */
  Optional<String> error() {
    return Optional.ofNullable(error);
  }

  private String summary() {
    return String.format(
        Locale.ROOT,
        "pulling %s: %d of %d layers, %.0f of %.0f MB",
        reference,
        layers.values().stream().filter(Layer::done).count(),
        layers.size(),
        layers.values().stream().mapToLong(Layer::current).sum() / 1e6,
        layers.values().stream().mapToLong(Layer::total).sum() / 1e6);
  }
}
