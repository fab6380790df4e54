package dev.orchestrator.stack;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file of an export to make a stack of.
 *
 * @param file its path, where the service runs
 * @param stack name of the stack to be; null for the name that it had
 * @param variables values of secrets that the file doesn't have, by name
 * @param files content of files that it doesn't have, in Base64, by path in the release
 */
public record ImportRequest(
    String file, @Nullable String stack, Map<String, String> variables, Map<String, String> files) {
  public ImportRequest {
    variables = Map.copyOf(variables);
    files = Map.copyOf(files);
  }

  /** Without the secrets. */
  @Override
  public String toString() {
    return "import of %s as %s, with %s %s"
        .formatted(file, stack, variables.keySet(), files.keySet());
  }
}
