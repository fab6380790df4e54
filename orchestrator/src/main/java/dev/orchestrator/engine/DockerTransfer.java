package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.Engine.ImageReader;
import java.io.BufferedReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Whole images out of the engine and into it, as streams. */
final class DockerTransfer {
  private final RawEngineHttp raw;
  private final TimedCalls calls;
  private final String api;

  DockerTransfer(EngineConnection connection) {
    this.raw = connection.raw();
    this.calls = connection.calls();
    this.api = "/v" + connection.api();
  }

  <T> T save(String reference, Duration deadline, ImageReader<T> reader) {
    String doing = "reading image " + reference;
    AtomicReference<@Nullable RuntimeException> own = new AtomicReference<>();
    try {
      return calls.call(
          doing,
          deadline,
          () ->
              raw.stream(
                  doing,
                  "%s/images/%s/get".formatted(api, reference),
                  body -> {
                    Watched watched = new Watched(body);
                    try {
                      return reader.read(watched);
                    } catch (RuntimeException e) {
                      own.set(watched.failed ? null : e);
                      throw e;
                    }
                  }));
    } catch (EngineException e) {
      // A full disk on the reader's side is no failure of the engine.
      RuntimeException failure = own.get();
      throw failure == null ? e : failure;
    }
  }

  /** Knows whether it was the engine's stream that failed. */
  private static final class Watched extends FilterInputStream {
    private boolean failed;

    Watched(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      try {
        return super.read(bytes, from, length);
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }
  }

  void load(InputStream images, Duration deadline, Consumer<String> progress) {
    String doing = "loading an image into the engine";
    calls.run(
        doing,
        deadline,
        () ->
            raw.send(
                doing, api + "/images/load?quiet=1", images, answer -> read(answer, progress)));
  }

  /** The engine answers 200 before it has looked at anything; what goes wrong is in the answer. */
  private boolean read(InputStream answer, Consumer<String> progress) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(answer, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isBlank()) {
        continue;
      }
      JsonNode message;
      try {
        message = Json.tree(line);
      } catch (IllegalArgumentException e) {
        throw new IOException("the answer is not an engine's: " + e.getMessage(), e);
      }
      String error = message.path("error").asText();
      if (!error.isEmpty()) {
        throw calls
            .failures()
            .answered("loading an image into the engine", 0, EngineFailures.oneLine(error), null);
      }
      String text = message.path("stream").asText().strip();
      if (!text.isEmpty()) {
        progress.accept(EngineFailures.oneLine(text));
      }
    }
    return true;
  }
}
