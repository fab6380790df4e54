package dev.orchestrator.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the root of a container mounted until its end has been answered.
 *
 * <p>An engine on overlayfs unmounts the root of a container that ends. With the last reference to
 * it the kernel writes all of the file system below to the disk, whatever program it is from
 * ({@code ovl_sync_fs} in fs/overlayfs/super.c): beside a program that writes much this takes
 * seconds, in which the engine does not answer. While a folder of the root is open here, that waits
 * until it is closed, in a thread of its own. Where the root can't be opened, as on another host,
 * nothing is kept.
 */
final class RootPin implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(RootPin.class);
  private static final RootPin NONE = new RootPin(null);

  private final @Nullable DirectoryStream<Path> root;

  private RootPin(@Nullable DirectoryStream<Path> root) {
    this.root = root;
  }

  /**
   * Keeps a root.
   *
   * @param folder where the engine has it; empty where that is not known
   */
  @SuppressWarnings("StreamResourceLeak") // it is what is kept
  static RootPin of(String folder) {
    if (folder.isEmpty()) {
      return NONE;
    }
    try {
      return new RootPin(Files.newDirectoryStream(Path.of(folder)));
    } catch (IOException e) {
      log.trace("the root {} can't be kept: {}", folder, e.toString());
      return NONE;
    }
  }

  /** Lets the root go; does not wait for what is written then. */
  @Override
  public void close() {
    if (root != null) {
      // It may take seconds in the kernel, where a virtual thread would keep others from running.
      Thread.ofPlatform().daemon().name("container-root").start(() -> letGo(root));
    }
  }

  private static void letGo(DirectoryStream<Path> root) {
    try {
      root.close();
    } catch (IOException e) {
      log.warn("a container's root can't be closed: {}", e.toString());
    }
  }
}
