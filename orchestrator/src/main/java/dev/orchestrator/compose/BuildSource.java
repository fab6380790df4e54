package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code build:} section of a service, with paths of this host. A section that needs more than
 * the engine's classic builder is refused.
 *
 * @param dockerfile relative to the context
 */
public record BuildSource(
    Path context, String dockerfile, @Nullable String target, Map<String, String> args) {
  private static final List<String> UNSUPPORTED =
      List.of("dockerfile_inline", "additional_contexts", "secrets", "ssh");
  private static final Pattern INSTRUCTION =
      Pattern.compile(
          "^\\s*(?:(?<arg>ARG)\\s+(?<name>\\w+)(?:=(?<value>\\S*))?"
              + "|FROM\\s+(?:--\\S+\\s+)*(?<from>\\S+)(?:\\s+AS\\s+(?<alias>\\S+))?"
              + "|COPY\\s.*?--from=(?<copy>\\S+).*)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern VARIABLE =
      Pattern.compile("\\$(?:\\{(?<braced>\\w+)(?::-(?<default>[^}]*))?}|(?<plain>\\w+))");

  /** The build section of a service that has one; refused when it can't be built here. */
  public static BuildSource of(ComposeModel model, String stack, Path stackFolder, String service)
      throws RefusedException {
    ComposeFindings findings =
        new ComposeFindings("version %s of stack %s".formatted(model.release().version(), stack));
    check(findings, model, stackFolder, service);
    findings.throwIfRefused();
    JsonNode build = model.definedServices().getOrDefault(service, model.root()).path("build");
    String target = ComposeModel.text(build.path("target"));
    return new BuildSource(
        folder(model, stackFolder, build),
        dockerfile(build),
        target.isEmpty() ? null : target,
        args(build));
  }

  /** Refuses what can't be built of a service's build section. */
  static void check(
      ComposeFindings findings, ComposeModel model, Path stackFolder, String service) {
    JsonNode build = model.definedServices().getOrDefault(service, model.root()).path("build");
    String where = "service " + service;
    List<String> unsupported = UNSUPPORTED.stream().filter(build::has).toList();
    for (String key : unsupported) {
      findings.refuse(
          "%s: build.%s needs BuildKit: build the image beforehand and name it with 'image:'"
              .formatted(where, key));
    }
    if (!context(build).startsWith(model.stackFolder())) {
      findings.refuse(
          "%s: its build context %s is not a folder below %s: move it there"
              .formatted(where, build.path("context").asText(), stackFolder));
      return;
    }
    Path folder = folder(model, stackFolder, build);
    String dockerfile = dockerfile(build);
    if (!folder.resolve(dockerfile).normalize().startsWith(folder)) {
      findings.refuse(
          "%s: its %s is outside its build context %s: move it there"
              .formatted(where, dockerfile, folder));
    } else if (!unsupported.contains("dockerfile_inline")
        && !Files.isRegularFile(folder.resolve(dockerfile))) {
      findings.refuse(
          "%s: there is no %s in its build context %s".formatted(where, dockerfile, folder));
    }
  }

  private static Path context(JsonNode build) {
    return Path.of(ComposeModel.text(build.path("context"))).normalize();
  }

  private static Path folder(ComposeModel model, Path stackFolder, JsonNode build) {
    return stackFolder.resolve(model.stackFolder().relativize(context(build)));
  }

  private static String dockerfile(JsonNode build) {
    return build.path("dockerfile").asText("Dockerfile");
  }

  /** The images that the Dockerfile starts from or copies out of, in its order. */
  public List<String> bases() throws IOException {
    Map<String, String> values = new HashMap<>();
    Set<String> stages = new HashSet<>(Set.of("scratch"));
    List<String> found = new ArrayList<>();
    for (String line : Files.readAllLines(context.resolve(dockerfile))) {
      Matcher matcher = INSTRUCTION.matcher(line);
      if (!matcher.find()) {
        continue;
      }
      if (matcher.group("arg") != null) {
        String value = matcher.group("value");
        String name = matcher.group("name");
        values.put(name, args.getOrDefault(name, value == null ? "" : unquote(value)));
        continue;
      }
      String from = matcher.group("from");
      String image = replace(from == null ? matcher.group("copy") : from, values);
      boolean stage = stages.contains(image) || (from == null && image.matches("[0-9]+"));
      if (!stage && !found.contains(image)) {
        found.add(image);
      }
      if (matcher.group("alias") != null) {
        stages.add(matcher.group("alias"));
      }
    }
    return found;
  }

  /**
   * Digest of everything that the built image depends on.
   *
   * @param baseIds ids of the images of {@link #bases}, in their order
   */
  public String digest(List<String> baseIds) {
    ContentDigest digest = new ContentDigest();
    digest.add(FileTree.digest(context)).add(dockerfile).add(target == null ? "" : target);
    new TreeMap<>(args).forEach((name, value) -> digest.add(name).add(value));
    baseIds.forEach(digest::add);
    return digest.hex();
  }

  private static Map<String, String> args(JsonNode build) {
    Map<String, String> args = new TreeMap<>();
    if (build.path("args") instanceof ObjectNode object) {
      object
          .properties()
          .forEach(arg -> {
            if (!arg.getValue().isNull()) {
              args.put(arg.getKey(), ComposeModel.text(arg.getValue()));
            }
          });
    }
    return Map.copyOf(args);
  }

  private static String replace(String text, Map<String, String> values) {
    return VARIABLE
        .matcher(text)
        .replaceAll(match -> {
          String name =
              match.group("braced") == null ? match.group("plain") : match.group("braced");
          String value = values.getOrDefault(name, "");
          String otherwise = match.group("default") == null ? "" : match.group("default");
          return Matcher.quoteReplacement(value.isEmpty() ? otherwise : value);
        });
  }

  private static String unquote(String text) {
    return text.replaceAll("^([\"'])(.*)\\1$", "$2");
  }
}
