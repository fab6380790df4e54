package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.release.EnvFile;
import dev.orchestrator.release.Release;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Has Compose itself read a release's compose files, in a helper container without a network: so
 * its rules, messages and version are those of the capsule that runs it later. Calls block.
 */
public final class ComposeReader {
  private static final Duration DEADLINE = Duration.ofMinutes(3);

  /** Folder in the container for the stack's folder; a compose file will hardly name that path. */
  private static final String FOLDER = "capsule-check";

  /**
   * Limit for reading a file, as YAML aliases of aliases can grow without end. A file of a thousand
   * lines takes a fifth of a second.
   */
  private static final int CPU_SECONDS = 20;

  private static final int MEMORY_KIB = 4 << 20;

  /** A line of a script that bounds what Compose takes. */
  static final String LIMITS = "ulimit -t %d; ulimit -v %d\n".formatted(CPU_SECONDS, MEMORY_KIB);

  /** Compose reads only compose files, .env and the files of env_file. */
  private static final long FILE_LIMIT = 1 << 20;

  private static final String SCRIPT = FOLDER + "/read-compose";
  private static final String VALUES = FOLDER + "/values.json";

  /** Without the container's own variables: HOSTNAME, HOME and PATH are nobody's. */
  private static final List<String> COMMAND =
      List.of("sh", "-c", "exec env -i sh \"$0\" \"$(command -v docker)\"", "/" + SCRIPT);

  private final Engine engine;
  private final BuildContainers containers;
  private final StackSettings stack;

  public ComposeReader(Engine engine, BuildContainers containers, StackSettings stack) {
    this.engine = engine;
    this.containers = containers;
    this.stack = stack;
  }

  /**
   * Reads a release's compose files; refuses them with Compose's own message when Compose rejects
   * them.
   *
   * @param base image of the container: the capsules' base image
   */
  public ComposeModel read(Release release, String base) {
    checkSize(release);
    Path stackFolder = Path.of("/", FOLDER, stack.name());
    Path project = stackFolder.resolve("releases").resolve(release.version());
    ComposeFindings findings =
        new ComposeFindings("version %s of stack %s".formatted(release.version(), stack.name()));
    ComposeFileScan scan = ComposeFileScan.of(release, stack.folder());
    scan.refuseHostFiles(findings);
    ObjectNode root;
    try (BuildContainers.Temporary helper = helper(base)) {
      ExecResult result = run(helper, project, fileOptions());
      ComposeOutput output = new ComposeOutput(result.stderr(), project, variables(release));
      if (scan.any()) {
        scan.refuse(findings, version(helper), !result.ok());
      }
      if (!result.ok()) {
        if (findings.refusals().isEmpty() || !scan.explains(output.reason())) {
          findings.refuse(
              "Compose rejects %s: %s"
                  .formatted(release.composeFileNames(), scan.complete(output.reason())));
        }
        findings.throwIfRefused();
      }
      root = parse(release, result.stdout());
      new ShellVariables(findings, release, project)
          .check(output, root, stack.name(), variables(release).keySet());
      output.otherWarnings().forEach(findings::warn);
      Map<String, String> users = variableUsers(root);
      if (!users.isEmpty()) {
        users.keySet().removeAll(values(helper, release, project, users.keySet()).keySet());
        users.forEach((name, user) ->
            findings.refuse(
                user,
                "environment",
                "%s has no value: write %s=… into releases/%s/.env, or env { %s = … } in stack.conf"
                    .formatted(name, name, release.version(), name)));
      }
    }
    new AdoptedPaths(stack, project).apply(root);
    ComposeModel read = new ComposeModel(release, root, project, stackFolder, List.of(), List.of());
    EngineInfo info = engine.info();
    PlatformCheck.check(findings, read.services(), variables(release), info.platform());
    BuiltImages builds = new BuiltImages(read, stack.name());
    BuildCheck check = new BuildCheck(findings, stack.folder(), info, stack.grants().hostNetwork());
    builds.needed().forEach(service -> check.check(read, builds, service));
    return new ComposeModel(
        release, root, project, stackFolder, findings.refusals(), findings.warnings());
  }

  /**
   * The values that a release's variables have; refused when one has none. The values may be
   * secrets.
   */
  public Map<String, String> values(Release release, String base, Collection<String> names) {
    Path project = Path.of("/", FOLDER, stack.name(), "releases", release.version());
    Map<String, String> values;
    try (BuildContainers.Temporary helper = helper(base)) {
      values = values(helper, release, project, names);
    }
    for (String name : names) {
      if (!values.containsKey(name)) {
        throw new RefusedException(
            "version %s of stack %s needs the variable %s for a secret or config: write %s=… into %s"
                .formatted(
                    release.version(), stack.name(), name, name, release.folder().resolve(".env")));
      }
    }
    return values;
  }

  private Map<String, String> variables(Release release) {
    Map<String, String> variables = new TreeMap<>(EnvFile.read(release.folder()));
    variables.putAll(stack.compose().env());
    return variables;
  }

  /** The variables of secrets and configs, each with what it is the value of. */
  private static Map<String, String> variableUsers(ObjectNode root) {
    Map<String, String> users = new TreeMap<>();
    for (String section : List.of("configs", "secrets")) {
      for (Map.Entry<String, JsonNode> item : root.path(section).properties()) {
        String name = ComposeModel.text(item.getValue().path("environment"));
        if (!name.isEmpty()) {
          users.put(name, section.replaceFirst("s$", "") + " " + item.getKey());
        }
      }
    }
    return users;
  }

  /** Has Compose itself say what the variables are: its rules for {@code .env} are its own. */
  private Map<String, String> values(
      BuildContainers.Temporary helper, Release release, Path project, Collection<String> names) {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    ArrayNode list =
        file.putObject("services").putObject("values").put("image", "none").putArray("environment");
    names.forEach(list::add);
    Path folder = project.resolve(release.composeFiles().getFirst()).resolveSibling("").normalize();
    ExecResult result;
    try (TarArchive archive = new TarArchive()) {
      engine.putArchive(helper.name(), "/", archive.text(VALUES, file.toString()).open());
      result =
          run(
              helper,
              project,
              " --project-directory %s --file /%s".formatted(quoted(folder.toString()), VALUES));
    }
    if (!result.ok()) {
      // Its message may have a part of .env in it.
      throw unreadable(release, "the variables of secrets and configs can't be read");
    }
    Map<String, String> values = new TreeMap<>();
    for (Map.Entry<String, JsonNode> variable :
        parse(release, result.stdout()).at("/services/values/environment").properties()) {
      if (!variable.getValue().isNull()) {
        values.put(variable.getKey(), ComposeModel.text(variable.getValue()));
      }
    }
    return values;
  }

  /** A container that runs, with the stack's folder in it. */
  private BuildContainers.Temporary helper(String base) {
    BuildContainers.Temporary helper = containers.idle("compose", base, List.of());
    try (TarArchive archive = new TarArchive()) {
      archive.tree(stack.folder(), FOLDER + "/" + stack.name(), FILE_LIMIT);
      engine.putArchive(helper.name(), "/", archive.open());
      engine.startContainer(helper.name());
      return helper;
    } catch (RuntimeException e) {
      helper.close();
      throw e;
    }
  }

  /** The version of Compose; empty when it does not say. */
  private String version(BuildContainers.Temporary helper) {
    return engine
        .exec(helper.name(), List.of("docker", "compose", "version", "--short"), DEADLINE)
        .stdout()
        .strip();
  }

  private ExecResult run(BuildContainers.Temporary helper, Path project, String options) {
    try (TarArchive archive = new TarArchive()) {
      engine.putArchive(helper.name(), "/", archive.text(SCRIPT, script(project, options)).open());
      return engine.exec(helper.name(), COMMAND, DEADLINE);
    }
  }

  /** Refuses a file above the limit, which Compose would otherwise report as missing. */
  private void checkSize(Release release) {
    for (String name : release.composeFiles()) {
      Path file = release.folder().resolve(name);
      try {
        if (Files.size(file) > FILE_LIMIT) {
          throw new RefusedException(
              "version %s of stack %s: %s is larger than 1 MiB; is it the right file?"
                  .formatted(release.version(), stack.name(), name));
        }
      } catch (NoSuchFileException e) {
        // Its name has a variable in it: Compose finds it.
      } catch (IOException e) {
        throw new RefusedException(
            "version %s of stack %s: %s can't be read: %s"
                .formatted(release.version(), stack.name(), name, e.getMessage()),
            e);
      }
    }
  }

  /**
   * Runs Compose in the release's folder as a user would, but with the stack's variables alone:
   * those of the container would be other ones at each look. PWD is the release's folder, as it is
   * for a user. Variables may be secrets: as a file they are in no list of processes.
   */
  private String script(Path project, String options) {
    StringBuilder script = new StringBuilder();
    script.append(LIMITS);
    script.append("docker=$1\n");
    script.append("cd %s || exit\n".formatted(quoted(project.toString())));
    script.append("unset -v OLDPWD SHLVL\n");
    script.append("export PWD\n");
    stack
        .compose()
        .env()
        .forEach((name, value) -> script.append("export %s=%s\n".formatted(name, quoted(value))));
    return script
        .append("exec \"$docker\" compose --project-name ")
        .append(quoted(stack.name()))
        .append(options)
        .append(" config --format json\n")
        .toString();
  }

  private String fileOptions() {
    return stack.compose().files().stream()
        .map(file -> " --file " + quoted(file))
        .collect(Collectors.joining());
  }

  static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  private static ObjectNode parse(Release release, String json) {
    try {
      JsonNode node = Json.tree(json);
      if (node instanceof ObjectNode object) {
        return object;
      }
    } catch (IllegalArgumentException e) {
      throw unreadable(release, e.getMessage() + "");
    }
    throw unreadable(release, "it is no object");
  }

  private static UncheckedIOException unreadable(Release release, String reason) {
    String text =
        "version %s: Compose's answer can't be read: %s".formatted(release.version(), reason);
    return new UncheckedIOException(text, new IOException(text));
  }
}
