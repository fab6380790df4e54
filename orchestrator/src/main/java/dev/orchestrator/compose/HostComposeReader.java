package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.release.EnvFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Has Compose read a project as it lies on the host: its files are put into a helper container
 * without a network at the paths that they have on the host, so that all paths in Compose's answer
 * are the host's. One thread at a time; calls block.
 */
public final class HostComposeReader implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofMinutes(3);
  private static final String SCRIPT = "read-compose";
  private static final List<String> COMMAND =
      List.of("sh", "-c", "exec env -i sh \"$0\" \"$(command -v docker)\"", "/" + SCRIPT);

  private final Engine engine;
  private final BuildContainers.Temporary helper;

  /**
   * Starts the helper container.
   *
   * @param base its image: the capsules' base image
   */
  public HostComposeReader(Engine engine, BuildContainers containers, String base) {
    this.engine = engine;
    this.helper = containers.idle("compose", base, List.of());
    try {
      engine.startContainer(helper.name());
    } catch (RuntimeException e) {
      helper.close();
      throw e;
    }
  }

  /**
   * A project as its user has named it to Compose.
   *
   * @param folder the project's folder
   * @param files compose files, in the order in which they are merged
   * @param envFiles in place of {@code .env}; empty for that
   * @param env variables of the shell; their values may be secrets
   * @param profiles that are active beside those of {@code COMPOSE_PROFILES}; {@code *} for all
   */
  public record Question(
      String project,
      Path folder,
      List<Path> files,
      List<Path> envFiles,
      Map<String, String> env,
      List<String> profiles) {

    /** The same with other variables and profiles. */
    public Question with(Map<String, String> otherEnv, List<String> otherProfiles) {
      return new Question(project, folder, files, envFiles, otherEnv, otherProfiles);
    }
  }

  /**
   * What Compose said.
   *
   * @param root the model; empty when Compose rejects the files
   * @param reason why it rejects them; empty when it doesn't
   * @param unset variables without a value and without a default
   * @param homeIsMissing whether a path begins with {@code ~} and there is no variable HOME
   */
  public record Answer(
      ObjectNode root,
      String reason,
      List<String> warnings,
      List<String> unset,
      boolean homeIsMissing) {

    public boolean rejected() {
      return !reason.isEmpty();
    }
  }

  /** Puts files into the container, at these paths. */
  public void put(Map<Path, byte[]> files, Path folder) {
    try (TarArchive archive = new TarArchive()) {
      archive.folder(relative(folder));
      files.forEach((path, bytes) -> archive.bytes(relative(path), bytes));
      engine.putArchive(helper.name(), "/", archive.open());
    }
  }

  /** Has Compose read a project. */
  public Answer read(Question question) {
    ExecResult result = run(question, "config --format json");
    Map<String, String> variables = new TreeMap<>(EnvFile.read(question.folder()));
    variables.putAll(question.env());
    ComposeOutput output = new ComposeOutput(result.stderr(), question.folder(), variables);
    return new Answer(
        result.ok() ? parse(result.stdout()) : JsonNodeFactory.instance.objectNode(),
        result.ok() ? "" : output.reason(),
        output.otherWarnings(),
        output.unsetVariables(),
        output.homeIsMissing());
  }

  /** Compose's hash of each service, as it writes it into a label of its containers. */
  public Map<String, String> hashes(Question question) {
    ExecResult result = run(question, "config --hash '*'");
    Map<String, String> hashes = new TreeMap<>();
    if (result.ok()) {
      for (String line : result.stdout().lines().toList()) {
        String[] parts = line.strip().split(" +", -1);
        if (parts.length == 2) {
          hashes.put(parts[0], parts[1]);
        }
      }
    }
    return hashes;
  }

  @Override
  public void close() {
    helper.close();
  }

  private ExecResult run(Question question, String command) {
    StringBuilder script = new StringBuilder(ComposeReader.LIMITS);
    script.append("docker=$1\n");
    script.append("cd %s || exit\n".formatted(ComposeReader.quoted(question.folder().toString())));
    script.append("unset -v OLDPWD SHLVL\n");
    script.append("export PWD\n");
    question
        .env()
        .forEach((name, value) ->
            script.append("export %s=%s\n".formatted(name, ComposeReader.quoted(value))));
    script.append("exec \"$docker\" compose --project-name ");
    script.append(ComposeReader.quoted(question.project()));
    option(script, "project-directory", question.folder().toString());
    question.files().forEach(file -> option(script, "file", file.toString()));
    question.envFiles().forEach(file -> option(script, "env-file", file.toString()));
    question.profiles().forEach(profile -> option(script, "profile", profile));
    script.append(' ').append(command).append('\n');
    try (TarArchive archive = new TarArchive()) {
      engine.putArchive(helper.name(), "/", archive.text(SCRIPT, script.toString()).open());
      return engine.exec(helper.name(), COMMAND, DEADLINE);
    }
  }

  private static void option(StringBuilder script, String name, String value) {
    script.append(" --").append(name).append(' ').append(ComposeReader.quoted(value));
  }

  private static String relative(Path path) {
    return path.toString().replaceFirst("^/+", "");
  }

  private static ObjectNode parse(String json) {
    return Json.tree(json) instanceof ObjectNode object
        ? object
        : JsonNodeFactory.instance.objectNode();
  }
}
