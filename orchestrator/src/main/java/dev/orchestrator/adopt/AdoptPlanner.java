package dev.orchestrator.adopt;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.ComposeReader;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.NameRules;
import dev.orchestrator.settings.StackSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads compose projects of the host, plans the stacks that do the same, and writes their folders.
 * Nothing of a project is changed. What is refused is a {@link RefusedException} with a line for
 * each reason. Calls block; any thread.
 */
public final class AdoptPlanner {
  /** The version that a project becomes. */
  public static final String VERSION = "1";

  private static final Logger log = LoggerFactory.getLogger(AdoptPlanner.class);

  private final Engine engine;
  private final Map<String, String> owner;
  private final StackHost host;
  private final RouteDesign.Asker asker;
  private final long mediaSize;

  /**
   * Plans stacks of a service.
   *
   * @param owner labels of the service, which its helper containers carry
   */
  public AdoptPlanner(Engine engine, Map<String, String> owner, StackHost host) {
    this(engine, owner, host, PortQuestion::ask, Placements.MEDIA);
  }

  AdoptPlanner(
      Engine engine,
      Map<String, String> owner,
      StackHost host,
      RouteDesign.Asker asker,
      long mediaSize) {
    this.engine = engine;
    this.owner = Map.copyOf(owner);
    this.host = host;
    this.asker = asker;
    this.mediaSize = mediaSize;
  }

  /** The compose projects that have containers on the engine, in the order of their names. */
  public List<ProjectSummary> list() {
    return new ProjectFinder(engine).all().stream().map(Project::summary).toList();
  }

  /**
   * Plans a stack that takes over a project that runs.
   *
   * @param projectOrFolder its name, its folder, or one of its compose files
   * @param stack name of the stack; null for the project's
   */
  public AdoptPlan plan(String projectOrFolder, @Nullable String stack) {
    Project project = new ProjectFinder(engine).find(projectOrFolder);
    refuseOurs(project);
    host.adopter(project.name())
        .ifPresent(adopter -> {
          throw new RefusedException(
              "project %s is adopted already, as stack %s: 'orchestrator --stack %s adopt --undo' gives it back"
                  .formatted(project.name(), adopter, adopter));
        });
    requireRunning(project);
    return design(project, stackName(project, stack), true);
  }

  private static void requireRunning(Project project) {
    if (project.state() == Project.State.STOPPED) {
      throw new RefusedException(
          "project %s does not run: start it with 'docker compose up -d', as a stack takes over what runs%s"
              .formatted(
                  project.name(),
                  project.folder() == null
                      ? ""
                      : "; 'orchestrator init %s' makes a stack of its files alone"
                          .formatted(project.folder())));
    }
  }

  /**
   * Reads a project that a stack had adopted before, as it runs by now, for the newest version of
   * that stack.
   *
   * @param stack as it is by now
   */
  public Original readAgain(String projectOrFolder, StackSettings stack) {
    Project project = new ProjectFinder(engine).find(projectOrFolder);
    requireRunning(project);
    String base = host.base();
    BuildContainers containers = new BuildContainers(engine, stack.name(), owner);
    ReadProject read = new ProjectReader(engine, containers, host.work()).read(project, base);
    if (!read.drift().isEmpty()) {
      throw new RefusedException(
          String.join("\n", read.drift().stream().map(AdoptDesign::changed).toList()));
    }
    Releases releases = new Releases(stack);
    ComposeModel model =
        new ComposeReader(engine, containers, stack)
            .read(releases.release(releases.newest()), base);
    OriginalDesign original = new OriginalDesign(engine, read);
    List<OriginalData> data = original.data(model, stack);
    original.notes().forEach(note -> log.warn("project {}: {}", project.name(), note));
    return new Original(project.name(), original.containers(), data);
  }

  /**
   * Plans a stack of the files of a project that has never run, or whose data is not wanted.
   *
   * @param folder that has the compose file; or the compose file itself
   * @param stack name of the stack; null for the one that Compose gives a project in that folder
   */
  public AdoptPlan init(Path folder, @Nullable String stack) {
    Project project = neverRun(folder);
    refuseOurs(project);
    return design(project, stackName(project, stack), false);
  }

  /** The name of a project as {@link #plan} finds it. */
  public String nameOf(String projectOrFolder) {
    return new ProjectFinder(engine).find(projectOrFolder).name();
  }

  /** The name of a project as {@link #init} finds it. */
  public String nameOf(Path folder) {
    return neverRun(folder).name();
  }

  private static Project neverRun(Path folder) {
    Path path = folder.toAbsolutePath().normalize();
    return Files.isRegularFile(path)
        ? ProjectFinder.folder(path.resolveSibling(""), List.of(path))
        : ProjectFinder.folder(path, List.of());
  }

  /**
   * Writes the stack's folder, whole or not at all, and returns it.
   *
   * @throws RefusedException with the plan's refusals; or when a stack of that name exists
   */
  public Path write(AdoptPlan plan) {
    if (!plan.refusals().isEmpty()) {
      throw new RefusedException(String.join("\n", plan.refusals()));
    }
    return new StackWriter(host.stacksFolder(), host.work()).write(plan.stack(), plan.draft());
  }

  private void refuseOurs(Project project) {
    if (!project.ours().isEmpty()) {
      throw new RefusedException(
          "project %s is stack %s of an orchestrator already"
              .formatted(project.name(), project.ours()));
    }
    Path stacks = host.stacksFolder().toAbsolutePath().normalize();
    if (project.folder() != null && project.folder().startsWith(stacks)) {
      throw new RefusedException(
          "%s is in the folder of the stacks (%s): it is a stack already"
              .formatted(project.folder(), stacks));
    }
  }

  private String stackName(Project project, @Nullable String wanted) {
    String name =
        wanted != null
            ? wanted
            : project.name().substring(0, Math.min(40, project.name().length()));
    if (!NameRules.isValid(name)) {
      throw new RefusedException("the name of a stack: " + NameRules.explain(name));
    }
    if (Files.exists(host.stacksFolder().resolve(name))
        || host.stacks().stream().anyMatch(stack -> stack.name().equals(name))) {
      throw new RefusedException(
          "there is a stack %s already (%s): give the new one another name with --stack"
              .formatted(name, host.stacksFolder().resolve(name)));
    }
    return name;
  }

  private AdoptPlan design(Project project, String stack, boolean started) {
    String base = host.base();
    BuildContainers containers = new BuildContainers(engine, stack, owner);
    ReadProject read = new ProjectReader(engine, containers, host.work()).read(project, base);
    return new AdoptDesign(engine, host, asker, mediaSize, read, stack, started, base, containers)
        .plan();
  }
}
