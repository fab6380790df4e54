package dev.orchestrator.engine;

import com.github.dockerjava.api.exception.DockerException;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns any exception of an engine call into an {@link EngineException} with a message of one line.
 */
final class EngineFailures {
  private final String address;
  private final Supplier<String> reason;

  EngineFailures(String address) {
    this(address, () -> "");
  }

  /**
   * Failures of a connection through another program.
   *
   * @param reason what that program has said last; empty when it has said nothing
   */
  EngineFailures(String address, Supplier<String> reason) {
    this.address = address;
    this.reason = reason;
  }

  /**
   * The exception to throw.
   *
   * @param doing what was being done, on what: {@code "starting container green-3"}
   */
  EngineException of(String doing, Throwable thrown) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      switch (t) {
        case EngineException already -> {
          return already;
        }
        case DockerException docker -> {
          return answered(doing, docker.getHttpStatus(), message(docker.getMessage()), thrown);
        }
        case IOException io -> {
          return unreachable(doing, io);
        }
        default -> {}
      }
    }
    return new EngineException(
        Kind.REFUSED, doing + ": " + oneLine(String.valueOf(thrown.getMessage())), thrown);
  }

  /** Of an answer with a status that is no success. */
  EngineException answered(String doing, int status, String message, @Nullable Throwable cause) {
    Kind kind =
        switch (status) {
          case 404 -> Kind.NOT_FOUND;
          case 409 -> Kind.CONFLICT;
          default -> Kind.REFUSED;
        };
    String text = doing + ": " + message;
    return cause == null ? new EngineException(kind, text) : new EngineException(kind, text, cause);
  }

  private EngineException unreachable(String doing, IOException cause) {
    String known = reason.get();
    if (!known.isEmpty()) {
      return new EngineException(
          Kind.UNREACHABLE,
          "%s: no Docker engine answers at %s: %s".formatted(doing, address, known),
          cause);
    }
    return new EngineException(
        Kind.UNREACHABLE,
        "%s: no Docker engine answers at %s (%s); is it running, and is the address right?"
            .formatted(doing, address, oneLine(reason(cause))),
        cause);
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }

  /** The engine's own message, out of {@code Status 409: {"message":"..."}}. */
  static String message(@Nullable String text) {
    if (text == null || text.isBlank()) {
      return "the engine gave no reason";
    }
    int brace = text.indexOf('{');
    if (brace >= 0) {
      try {
        String message = Json.tree(text.substring(brace)).path("message").asText();
        if (!message.isBlank()) {
          return oneLine(message);
        }
      } catch (IllegalArgumentException _) {
        // Not JSON after all: the text as it is tells most.
        return oneLine(text);
      }
    }
    return oneLine(text);
  }

  static String oneLine(String text) {
    return text.strip().replaceAll("\\s*[\\r\\n]+\\s*", " / ");
  }
}
