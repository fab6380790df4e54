package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.engine.BuildOptions;
import dev.orchestrator.engine.Dockerfile;
import dev.orchestrator.engine.Platform;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The {@code build:} section of a service, with paths of this host.
 *
 * @param dockerfile relative to the context
 * @param labels of the image
 */
public record BuildSource(
    Path context,
    String dockerfile,
    @Nullable String target,
    Map<String, String> args,
    Map<String, String> labels,
    BuildOptions options) {

  /**
   * The build section of a service that has one, of a model that was checked.
   *
   * @param hostNetwork whether a build may use the host's network
   */
  public static BuildSource of(
      ComposeModel model, Path stackFolder, String service, boolean hostNetwork) {
    JsonNode build = section(model, service);
    String target = ComposeModel.text(build.path("target"));
    String network = ComposeModel.text(build.path("network"));
    boolean other = network.equals("none") || (network.equals("host") && hostNetwork);
    return new BuildSource(
        folder(model, stackFolder, build),
        dockerfile(build),
        target.isEmpty() ? null : target,
        texts(build.path("args")),
        texts(build.path("labels")),
        new BuildOptions(other ? network : "", hosts(build), build.path("shm_size").asLong(0)));
  }

  static JsonNode section(ComposeModel model, String service) {
    return model.definedServices().getOrDefault(service, model.root()).path("build");
  }

  static Path context(JsonNode build) {
    return Path.of(ComposeModel.text(build.path("context"))).normalize();
  }

  static Path folder(ComposeModel model, Path stackFolder, JsonNode build) {
    return stackFolder.resolve(model.stackFolder().relativize(context(build)));
  }

  static String dockerfile(JsonNode build) {
    return build.path("dockerfile").asText("Dockerfile");
  }

  /** The images that the Dockerfile starts from or copies out of, in its order. */
  public List<String> bases(Platform platform) throws IOException {
    return Dockerfile.read(context.resolve(dockerfile)).bases(args, platform);
  }

  /**
   * Digest of everything that the built image depends on.
   *
   * @param baseIds ids of the images of {@link #bases}, in their order
   */
  public String digest(List<String> baseIds, Platform platform) throws IOException {
    ContentDigest digest = new ContentDigest();
    digest.add(FileTree.digest(context)).add(dockerfile).add(target == null ? "" : target);
    new TreeMap<>(args).forEach((name, value) -> digest.add(name).add(value));
    baseIds.forEach(digest::add);
    // Only what a build has: most images keep the digest that they had without these.
    new TreeMap<>(labels).forEach((name, value) -> digest.add("label").add(name).add(value));
    if (!options.equals(BuildOptions.NONE)) {
      digest.add("options").add(options.network()).add(Long.toString(options.sharedMemory()));
      options.extraHosts().forEach(digest::add);
    }
    Set<String> variables = Dockerfile.read(context.resolve(dockerfile)).platformVariables();
    if (!variables.isEmpty()) {
      digest.add(platform.toString());
    }
    if (Files.exists(context.resolve(dockerfile + ".dockerignore"))) {
      digest.add("own .dockerignore");
    }
    return digest.hex();
  }

  /** A mapping's values; those without one are left out. */
  private static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new TreeMap<>();
    node.properties()
        .forEach(entry -> {
          if (!entry.getValue().isNull()) {
            texts.put(entry.getKey(), ComposeModel.text(entry.getValue()));
          }
        });
    return Map.copyOf(texts);
  }

  /** Compose prints NAME=ADDRESS, its older versions NAME:ADDRESS. */
  private static List<String> hosts(JsonNode build) {
    return ComposeModel.texts(build.path("extra_hosts")).stream()
        .map(host -> host.replaceFirst("=", ":"))
        .toList();
  }
}
