package dev.orchestrator.capsule;

import org.jspecify.annotations.Nullable;

/**
 * A file or folder that a service has written outside its volumes, and that the next upgrade loses.
 *
 * @param path in the service's container; for a new folder it stands for everything in it
 * @param kind {@code added} or {@code changed}; from older capsules also {@code deleted}
 * @param folder whether it is a folder
 * @param bytes its size
 * @param mount the folder for a volume that keeps it and hides nothing of the image; empty where
 *     there is none, null from a capsule that was built before this was reported
 */
public record OutsidePath(
    String service, String path, String kind, boolean folder, long bytes, @Nullable String mount) {

  /** The folder for a volume; empty where there is none, or where it isn't known. */
  public String mountPoint() {
    String known = mount;
    return known != null ? known : folder && kind.equals("added") ? path : "";
  }
}
