package dev.orchestrator.adopt;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A service's folder of stacks, for tests: its stacks are loaded and checked as a service does. */
final class StackHostFixture implements StackHost {
  private final Engine engine;
  private final Map<String, String> owner;
  private final Path dir;
  private final List<StackSettings> stacks = new ArrayList<>();
  private final LightStackFixture light;

  StackHostFixture(Engine engine, Map<String, String> owner, Path dir) {
    this.engine = engine;
    this.owner = owner;
    this.dir = dir;
    this.light = LightStackFixture.in(dir.resolve("light"));
  }

  void add(StackSettings stack) {
    stacks.add(stack);
  }

  @Override
  public Path stacksFolder() {
    return dir.resolve("stacks");
  }

  @Override
  public Path work() {
    return dir.resolve("home/adopt");
  }

  @Override
  public List<StackSettings> stacks() {
    return stacks;
  }

  @Override
  public Optional<String> adopter(String project) {
    return Optional.empty();
  }

  @Override
  public String base() {
    return builder(light.settings(8080)).base(line -> {});
  }

  private ImageBuilder builder(Settings settings) {
    return new ImageBuilder(engine, settings, owner, InstantSource.system());
  }

  @Override
  public StackSettings load(Path stackFolder) {
    return settings(stackFolder).stack();
  }

  @Override
  public List<String> check(StackSettings stack, String version) {
    return builder(settings(stack.folder())).check(version).warnings();
  }

  private Settings settings(Path stackFolder) {
    try {
      Path conf = Files.createDirectories(dir.resolve("conf")).resolve("orchestrator.conf");
      Files.writeString(
          conf,
          """
          stack = %s
          stacks-folder = "%s"
          home = "%s"
          image.folder = "%s"
          upgrade.rehearse = off
          """
              .formatted(
                  stackFolder.getFileName(),
                  stackFolder.getParent(),
                  dir.resolve("home"),
                  Path.of("../config/image").toAbsolutePath().normalize()));
      return SettingsLoader.load(conf);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
