package dev.orchestrator.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.common.Json;
import dev.orchestrator.upgrade.RunEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import org.jspecify.annotations.Nullable;

/** Reads server-sent events from an open answer. One thread. */
public final class EventSource implements AutoCloseable {
  private final BufferedReader lines;
  private final Runnable disconnect;

  EventSource(InputStream stream, Runnable disconnect) {
    this.lines = new BufferedReader(new InputStreamReader(stream, UTF_8));
    this.disconnect = disconnect;
  }

  /**
   * Waits for the next event.
   *
   * @return null when the stream has ended, for whatever reason
   */
  public @Nullable RunEvent next() {
    StringBuilder data = new StringBuilder();
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data:")) {
          data.append(line.substring("data:".length()).strip());
        } else if (line.isEmpty() && !data.isEmpty()) {
          return Json.read(data.toString(), RunEvent.class);
        }
      }
    } catch (IOException e) {
      return null; // Lost: the caller connects again from the last event it has.
    }
    return null;
  }

  /** Without waiting for the peer. */
  @Override
  public void close() {
    disconnect.run();
  }
}
