package dev.orchestrator.home;

import dev.orchestrator.files.FileTree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Tells the service that a command exports: what the command has made for that stays. The kernel
 * drops it with the command's process, however that ends; then the service removes what is left.
 */
public final class ExportClaim implements AutoCloseable {
  private static final String PREFIX = "export-";
  private static final Pattern ID = Pattern.compile(PREFIX + "[0-9a-f]{8}");

  private final String id;
  private final Path folder;
  private final HomeLock lock;

  private ExportClaim(String id, Path folder, HomeLock lock) {
    this.id = id;
    this.folder = folder;
    this.lock = lock;
  }

  /** Begins an export, with an id of its own. */
  public static ExportClaim take(Path home) throws IOException {
    String id = PREFIX + UUID.randomUUID().toString().substring(0, 8);
    HomeFiles files = files(home, id);
    files.create();
    HomeLock lock =
        HomeLock.take(files)
            .orElseThrow(() -> new IOException("another command has %s".formatted(files.home())));
    return new ExportClaim(id, files.home(), lock);
  }

  /** What the command of an export may keep its own files in; it goes with the claim. */
  public static Path folder(Path home, String id) {
    return files(home, id).home();
  }

  private static HomeFiles files(Path home, String id) {
    return new HomeFiles(home.resolve("exports").resolve(id));
  }

  /** Whether a text is the id of an export. */
  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /** Whether the command of an export runs. */
  public static boolean isHeld(Path home, String id) {
    try {
      return isId(id) && HomeLock.isHeld(files(home, id));
    } catch (IOException _) {
      return true; // Nobody knows: what it has made stays.
    }
  }

  /** Removes what a command that was killed has left of its claim. */
  public static void forget(Path home, String id) throws IOException {
    if (isId(id)) {
      FileTree.delete(files(home, id).home());
    }
  }

  /** Names what is made for the export. */
  public String id() {
    return id;
  }

  @Override
  public void close() throws IOException {
    lock.close();
    FileTree.delete(folder);
  }
}
