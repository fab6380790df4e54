package dev.orchestrator.testing;

import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.settings.Settings.ImageSettings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.Settings.TakeoverSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A real stack that starts in a second, for tests on a real engine. {@code ledger} (HTTP, port 80)
 * appends what is posted to /lines to a file on its data volume, durable before it answers, and
 * lists it; {@code greeter} (TCP, port 7000) has no data and the same image in every version. v1
 * and v2 are well, v3 starts and never gets healthy.
 *
 * @param folder the stack's own copy of its files, for tests that change them
 * @param home state folder
 */
public record LightStackFixture(String name, Path folder, Path home) {
  public static final String LEDGER = "ledger";
  public static final String GREETER = "greeter";

  private static final Path SOURCE = Path.of("src/test/resources/light");
  private static final Path IMAGE = Path.of("../config/image").toAbsolutePath().normalize();

  /** Copies the stack's files below {@code directory}. */
  public static LightStackFixture in(Path directory) {
    return in(directory, "light");
  }

  public static LightStackFixture in(Path directory, String name) {
    Path folder = directory.resolve("stacks").resolve(name);
    try (Stream<Path> files = Files.walk(SOURCE)) {
      for (Path file : files.toList()) {
        Path to = folder.resolve(SOURCE.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new LightStackFixture(name, folder, directory.resolve("home"));
  }

  /** Settings of a stack with one route, from a port of the loopback address to the ledger. */
  public StackSettings stack(int port) {
    return new StackSettings(
        name,
        folder,
        List.of(new RouteSettings("web", "127.0.0.1", port, LEDGER, 80)),
        List.of(
            new Probe(
                "ledger",
                LEDGER,
                new Probe.Http(80, "/health", 200, Pattern.compile("^healthy")),
                Duration.ofSeconds(2)),
            new Probe("greeter", GREETER, new Probe.Tcp(7000), Duration.ofSeconds(2)),
            new Probe(
                "greeting",
                GREETER,
                new Probe.Exec(List.of("grep", "-q", "hello", "/greeting.txt")),
                Duration.ofSeconds(5))),
        new UpgradeSettings(
            Duration.ofMinutes(10),
            Duration.ofSeconds(60),
            Duration.ofMinutes(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            new VerifySettings(2, Duration.ofMillis(250), Duration.ofSeconds(15)),
            1),
        new DataSettings(DataSettings.Strategy.COPY, DataSettings.Quiesce.STOP, 100_000_000));
  }

  /** Settings with other data settings. */
  public static UnaryOperator<Settings> with(DataSettings data) {
    return changed(
        s -> new StackSettings(s.name(), s.folder(), s.routes(), s.probes(), s.upgrade(), data));
  }

  public static UnaryOperator<Settings> changed(UnaryOperator<StackSettings> change) {
    return s ->
        new Settings(
            s.file(),
            s.home(),
            s.engine(),
            s.api(),
            s.image(),
            s.schedule(),
            s.takeover(),
            change.apply(s.stack()));
  }

  public Settings settings(int port) {
    return new Settings(
        folder.resolve("orchestrator.conf"),
        home,
        new EngineSettings("", Duration.ofSeconds(30)),
        new ApiSettings("127.0.0.1", 0),
        new ImageSettings("", IMAGE, false),
        new ScheduleSettings(null, ZoneOffset.UTC),
        new TakeoverSettings(Duration.ofSeconds(30)),
        stack(port));
  }
}
