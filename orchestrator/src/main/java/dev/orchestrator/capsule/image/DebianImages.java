package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.Engine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The images {@code orchestrator/debian:SUITE}, which no registry has: the script {@code debian} of
 * the image folder makes them when they are needed. Calls block.
 */
final class DebianImages {
  private static final Pattern NAME = Pattern.compile("orchestrator/debian:([a-z]+)");

  private final Engine engine;
  private final Path script;

  /**
   * Makes the images on this engine.
   *
   * @param folder config/image
   */
  DebianImages(Engine engine, Path folder) {
    this.engine = engine;
    this.script = folder.resolve("debian");
  }

  /** Whether this makes images of that name. */
  boolean makes(String reference) {
    return NAME.matcher(reference).matches();
  }

  /**
   * Makes the image if its name is {@code orchestrator/debian:SUITE} and it doesn't exist; returns
   * whether it has such a name.
   */
  boolean ensure(String reference, Deadline deadline, Consumer<String> progress) {
    Matcher matcher = NAME.matcher(reference);
    if (!matcher.matches()) {
      return false;
    }
    if (engine.image(reference).isEmpty()) {
      progress.accept("making " + reference);
      run(matcher.group(1), deadline, progress);
    }
    return true;
  }

  private void run(String suite, Deadline deadline, Consumer<String> progress) {
    ProcessBuilder builder = new ProcessBuilder(script.toString(), suite).redirectErrorStream(true);
    builder.environment().put("DOCKER_HOST", engine.info().address());
    String command = "%s %s".formatted(script, suite);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new CapsuleException("can't run %s: %s".formatted(command, e.getMessage()), e);
    }
    LastLine last = new LastLine(progress);
    Thread reader = Thread.ofVirtual().start(() -> last.read(process));
    try {
      boolean ended;
      do {
        ended = process.waitFor(deadline.require().toMillis(), TimeUnit.MILLISECONDS);
      } while (!ended);
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CapsuleException("%s was interrupted".formatted(command), e);
    } finally {
      process.destroy();
    }
    if (process.exitValue() != 0) {
      throw new CapsuleException("%s failed: %s".formatted(command, last.line()));
    }
  }

  /** Passes on the lines of a process, and keeps the last line, which says why it failed. */
  private static final class LastLine {
    private final Consumer<String> progress;
    private volatile Optional<String> line = Optional.empty();

    LastLine(Consumer<String> progress) {
      this.progress = progress;
    }

    void read(Process process) {
      try (BufferedReader reader = process.inputReader()) {
        reader
            .lines()
            .filter(text -> !text.isBlank())
            .forEach(text -> {
              line = Optional.of(text);
              progress.accept(text);
            });
      } catch (IOException | UncheckedIOException e) {
        line = Optional.of("its output can't be read: " + e.getMessage());
      }
    }

    String line() {
      return line.orElse("no output");
    }
  }
}
