package dev.orchestrator.report;

import java.util.List;

/**
 * What {@code orchestrator doctor} found.
 *
 * @param outside places where services write outside their volumes, the largest first
 */
public record DoctorReport(String stack, List<Check> checks, List<Outside> outside) {

  /** How something is. */
  public enum State {
    GOOD,
    /** It works, and could be better. */
    WARNING,
    BAD
  }

  /**
   * One thing that was looked at.
   *
   * @param text how it is
   * @param advice what to do; empty where there is nothing to do
   */
  public record Check(String name, State state, String text, String advice) {}

  /**
   * A place where a service writes outside its volumes.
   *
   * @param folder that a volume would have to be mounted at
   * @param paths what was written there
   * @param bytes that they take
   * @param add to the compose file, so that it is kept
   */
  public record Outside(
      String service, String folder, List<String> paths, long bytes, String add) {}
}
