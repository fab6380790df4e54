package dev.orchestrator.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.common.Json;
import dev.orchestrator.upgrade.RunEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import org.jspecify.annotations.Nullable;

/** Reads the server-sent events of a run from an open answer. Confined to one thread. */
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
   * @return null when the stream has ended or the connection is lost; the caller may connect again
   *     from the last event that it has
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
      return null; // What an event that was cut off has in `data` is sent again.
    } catch (IOException e) {
      return null;
    }
  }

  /** Closes the connection, also while the peer sends nothing. */
  @Override
  public void close() {
    disconnect.run();
  }
}
