package dev.orchestrator;

import dev.orchestrator.adopt.AdoptPlanner;
import dev.orchestrator.adopt.StackHost;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/** This service as the place to which compose projects of the host are adopted. Thread-safe. */
final class ProjectAdoption implements StackHost {
  private final Engine engine;
  private final SettingsSource source;
  private final Supplier<List<StackSettings>> stacks;
  private final Function<String, Optional<String>> adopters;

  /** Projects and stacks that are being adopted or planned; guarded by itself. */
  private final Set<String> claimed = new HashSet<>();

  /**
   * Nothing is read yet.
   *
   * @param stacks those that this service runs
   * @param adopters the stack that a project is by now, or is about to be
   */
  ProjectAdoption(
      Engine engine,
      SettingsSource source,
      Supplier<List<StackSettings>> stacks,
      Function<String, Optional<String>> adopters) {
    this.engine = engine;
    this.source = source;
    this.stacks = stacks;
    this.adopters = adopters;
  }

  /** A project and a stack's name that nobody else adopts until it is closed. */
  interface Claim extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Keeps two requests apart that would read one project or write one stack at the same time.
   *
   * @throws NotYetException while another request has one of them
   */
  Claim claim(String project, String stack) {
    Set<String> wanted = Set.of("project " + project, "stack " + stack);
    synchronized (claimed) {
      wanted.stream()
          .sorted()
          .filter(claimed::contains)
          .findFirst()
          .ifPresent(taken -> {
            throw new NotYetException(
                "%s is being adopted or planned by another command: wait for it, then see 'orchestrator stacks'"
                    .formatted(taken));
          });
      claimed.addAll(wanted);
    }
    return () -> {
      synchronized (claimed) {
        claimed.removeAll(wanted);
      }
    };
  }

  AdoptPlanner planner() {
    return new AdoptPlanner(engine, owner(), this);
  }

  private Map<String, String> owner() {
    return Map.of(Labels.OURS, "1", Labels.HOME, Labels.home(source.current().home()));
  }

  @Override
  public Path stacksFolder() {
    return source.current().stacksFolder();
  }

  @Override
  public Path work() {
    return source.current().home().resolve("adopt");
  }

  @Override
  public List<StackSettings> stacks() {
    return stacks.get();
  }

  @Override
  public Optional<String> adopter(String project) {
    return adopters.apply(project);
  }

  /** Which base image it is does not depend on the stack: that of one with nothing but defaults. */
  @Override
  public String base() {
    Path folder = work().resolve("defaults");
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve("stack.conf"), "");
    } catch (IOException e) {
      throw new RefusedException(
          "%s can't be written: %s; check its owner and the disk".formatted(folder, e.getMessage()),
          e);
    }
    return builder(source.at(folder)).base(line -> {});
  }

  @Override
  public StackSettings load(Path stackFolder) {
    return source.at(stackFolder).stack();
  }

  @Override
  public List<String> check(StackSettings stack, String version) {
    Settings settings = source.at(stack.folder()).withStack(stack);
    return builder(settings).check(version).warnings();
  }

  private ImageBuilder builder(Settings settings) {
    return new ImageBuilder(engine, settings, owner(), SteadyClock.get());
  }
}
