package dev.orchestrator.compose;

import dev.orchestrator.common.RefusedException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a capsule can't do of a compose file, and what it does in another way than plain Compose:
 * all of it, so that a user corrects everything at once. A refusal says which service and key, and
 * what to write instead. Not thread-safe.
 */
public final class ComposeFindings {
  private final String where;
  private final Set<String> refusals = new LinkedHashSet<>();
  private final Set<String> warnings = new LinkedHashSet<>();

  /**
   * Starts without findings.
   *
   * @param where begin of a refusal's message, such as "version v2 of stack shop"
   */
  public ComposeFindings(String where) {
    this.where = where;
  }

  /** Adds a refusal, such as "service db: devices: …". The caller goes on to find the others. */
  public void refuse(String line) {
    refusals.add(line);
  }

  /**
   * Adds a refusal of a key.
   *
   * @param user such as "service db" or "volume media"
   * @param key as in the compose file, such as "devices"
   * @param problem what is wrong and what to write instead
   */
  public void refuse(String user, String key, String problem) {
    refuse(user + ": " + key + ": " + problem);
  }

  /** Adds a warning: it differs from plain Compose, or may be a mistake. */
  public void warn(String line) {
    warnings.add(line);
  }

  /** The warnings so far, a line each. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** The refusals so far, a line each. */
  public List<String> refusals() {
    return List.copyOf(refusals);
  }

  /**
   * Refuses the compose file when something was refused: in one line, or with a line for each of
   * several refusals.
   */
  public void throwIfRefused() throws RefusedException {
    if (refusals.size() == 1) {
      throw new RefusedException(where + ": " + refusals.iterator().next());
    }
    if (!refusals.isEmpty()) {
      List<String> lines = new ArrayList<>();
      lines.add("%s: %d problems:".formatted(where, refusals.size()));
      refusals.forEach(line -> lines.add("  " + line));
      throw new RefusedException(String.join("\n", lines));
    }
  }
}
