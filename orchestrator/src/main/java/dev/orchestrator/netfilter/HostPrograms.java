package dev.orchestrator.netfilter;

import dev.orchestrator.common.RefusedException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs programs of this host, each within a time limit. Thread-safe; blocks. */
final class HostPrograms {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Where administrators' programs are; the path of a service may lack it. */
  private static final List<String> FOLDERS = List.of("/usr/sbin", "/sbin");

  /** What a program has written, and its exit code. */
  record Result(int exit, String out, String error) {
    boolean ok() {
      return exit == 0;
    }

    /** The first line of its errors. */
    String reason() {
      return error
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .findFirst()
          .orElse("exit code " + exit);
    }
  }

  private final List<String> prefix;

  /** Begins each command line with these words. */
  HostPrograms(List<String> prefix) {
    this.prefix = List.copyOf(prefix);
  }

  boolean has(String name) {
    return find(name).isPresent();
  }

  private static Optional<Path> find(String name) {
    String path = Objects.requireNonNullElse(System.getenv("PATH"), "");
    return Stream.concat(Arrays.stream(path.split(File.pathSeparator, -1)), FOLDERS.stream())
        .filter(folder -> folder.startsWith("/"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  Result run(String name, String... arguments) {
    return run("", name, List.of(arguments));
  }

  /**
   * Runs a program to its end.
   *
   * @param input what it reads
   * @throws RefusedException when it can't be started, or does not end in time
   */
  Result run(String input, String name, List<String> arguments) {
    Path program =
        find(name)
            .orElseThrow(() -> new RefusedException("the program " + name + " is not installed"));
    List<String> command = new ArrayList<>(prefix);
    command.add(program.toString());
    command.addAll(arguments);
    try {
      Process process = new ProcessBuilder(command).start();
      try {
        CompletableFuture<String> out = read(process.getInputStream());
        CompletableFuture<String> error = read(process.getErrorStream());
        try (OutputStream in = process.getOutputStream()) {
          in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new RefusedException(
              "%s did not end within %d s".formatted(name, LIMIT.toSeconds()));
        }
        return new Result(process.exitValue(), out.join(), error.join());
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new RefusedException("%s can't be run: %s".formatted(name, e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted while %s ran".formatted(name), e);
    }
  }

  private static CompletableFuture<String> read(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try (stream) {
            text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
          } catch (IOException e) {
            text.completeExceptionally(new UncheckedIOException(e));
          }
        });
    return text;
  }
}
