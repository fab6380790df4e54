package dev.orchestrator.report;

import dev.orchestrator.capsule.ChangedFile;
import java.util.List;
import java.util.Objects;

/**
 * The result of {@code orchestrator doctor}. JSON of the API: component names are a contract.
 *
 * @param outside places outside volumes that services write to, the largest first
 * @param files files of the release that services write to, and that were changed
 */
public record DoctorReport(
    String stack, List<Check> checks, List<Outside> outside, List<ChangedFile> files) {

  public DoctorReport {
    // A service that was started before this was told sends none.
    files = Objects.requireNonNullElse(files, List.of());
  }

  public DoctorReport(String stack, List<Check> checks, List<Outside> outside) {
    this(stack, checks, outside, List.of());
  }

  /** Result of a check. */
  public enum State {
    GOOD,
    /** It works, with a limitation. */
    WARNING,
    BAD
  }

  /**
   * One check.
   *
   * @param text what was found
   * @param advice what to do about it, or empty
   */
  public record Check(String name, State state, String text, String advice) {}

  /**
   * A place where a service writes outside its volumes.
   *
   * @param folder mount point of a volume; where no volume fits, the file, or the folder of several
   * @param paths the files and folders written
   * @param bytes size of them
   * @param add what to add to the compose file to keep them; where no volume fits, what to do
   */
  public record Outside(
      String service, String folder, List<String> paths, long bytes, String add) {}
}
