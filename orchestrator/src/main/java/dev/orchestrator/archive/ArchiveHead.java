package dev.orchestrator.archive;

import java.time.Instant;
import java.util.Objects;

/**
 * What an archive says of itself in its first entry, before anything of size: enough to refuse it.
 *
 * @param format the form of the archive; a reader refuses a newer one
 * @param program the version of the orchestrator that wrote it
 * @param architecture of the image, as Docker calls it: {@code amd64}, {@code arm64}
 * @param created when the archive was begun
 */
public record ArchiveHead(
    int format,
    String program,
    String stack,
    String version,
    String architecture,
    Instant created) {

  /** The form that this program writes, and the newest that it reads. */
  public static final int FORMAT = 1;

  public ArchiveHead {
    Objects.requireNonNull(program, "program");
    Objects.requireNonNull(stack, "stack");
    Objects.requireNonNull(version, "version");
    Objects.requireNonNull(architecture, "architecture");
    Objects.requireNonNull(created, "created");
  }

  public ArchiveHead(
      String program, String stack, String version, String architecture, Instant created) {
    this(FORMAT, program, stack, version, architecture, created);
  }
}
