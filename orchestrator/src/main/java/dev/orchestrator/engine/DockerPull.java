package dev.orchestrator.engine;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.PullImageCmd;
import dev.orchestrator.engine.EngineException.Kind;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Pulls images, and says why an image can't be pulled. */
final class DockerPull {
  private final DockerClient client;
  private final TimedCalls calls;

  DockerPull(EngineConnection connection) {
    this.client = connection.client();
    this.calls = connection.calls();
  }

  void pull(String reference, Duration deadline, Consumer<String> progress) {
    String doing = "pulling image " + reference;
    ImageReference from = ImageReference.parse(reference);
    PullProgress stream = new PullProgress(reference, InstantSource.system(), progress);
    try {
      PullImageCmd pull = client.pullImageCmd(from.repository());
      calls.await(
          doing, deadline, (from.tag().isEmpty() ? pull : pull.withTag(from.tag())).exec(stream));
      if (stream.error().isPresent()) {
        throw calls
            .failures()
            .answered(doing, 0, EngineFailures.oneLine(stream.error().orElseThrow()), null);
      }
    } catch (EngineException e) {
      throw explained(reference, e);
    }
  }

  /** The engine answers 404 and 500 for about any reason; the text of the answer says which. */
  static EngineException explained(String reference, EngineException e) {
    String words = Objects.toString(e.getMessage(), "").toLowerCase(Locale.ROOT);
    if (e.kind() != Kind.REFUSED && e.kind() != Kind.NOT_FOUND) {
      return e;
    }
    if (Stream.of(
            "dial tcp",
            "no such host",
            "connection refused",
            "i/o timeout",
            "tls handshake",
            "client.timeout",
            "deadline exceeded",
            "unreachable",
            "proxyconnect",
            "request canceled")
        .anyMatch(words::contains)) {
      return new EngineException(
          Kind.UNREACHABLE,
          "%s; the engine can't reach the registry: check its network and proxy, or load %s into it"
              .formatted(e.getMessage(), reference),
          e);
    }
    if (Stream.of("not found", "manifest unknown", "access denied", "unauthorized", "no such image")
        .anyMatch(words::contains)) {
      return new EngineException(
          Kind.NOT_FOUND,
          e.getMessage() + "; check its name and tag, and log in to its registry if it is private",
          e);
    }
    return e;
  }
}
