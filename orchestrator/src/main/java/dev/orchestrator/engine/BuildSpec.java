package dev.orchestrator.engine;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An image to build.
 *
 * @param context the folder that is sent ({@code .dockerignore} holds)
 * @param dockerfile relative to the context
 * @param target a stage of the Dockerfile, or null for the last
 */
public record BuildSpec(
    Path context,
    String dockerfile,
    @Nullable String target,
    Map<String, String> args,
    Map<String, String> labels,
    String tag,
    BuildOptions options) {

  /** An image whose commands run as the engine has them run. */
  public BuildSpec(
      Path context,
      String dockerfile,
      @Nullable String target,
      Map<String, String> args,
      Map<String, String> labels,
      String tag) {
    this(context, dockerfile, target, args, labels, tag, BuildOptions.NONE);
  }
}
