package dev.orchestrator.adopt;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.files.FileTree;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the folder of a stack: first beside its place, under a name that no stack can have, and
 * then renamed, so that it is there whole or not at all.
 */
final class StackWriter {
  private static final Logger log = LoggerFactory.getLogger(StackWriter.class);

  private final Path stacks;
  private final Path work;

  /**
   * Writes into a folder of stacks.
   *
   * @param work for the lock that keeps two writers of one stack apart
   */
  StackWriter(Path stacks, Path work) {
    this.stacks = stacks;
    this.work = work;
  }

  Path write(String stack, StackDraft draft) {
    Path target = stacks.resolve(stack);
    Path beside = stacks.resolve(".adopting-" + stack);
    try {
      Files.createDirectories(stacks);
      Files.createDirectories(work);
      try (FileChannel channel =
              FileChannel.open(
                  work.resolve("adopting-" + stack + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock lock = lock(channel)) {
        if (lock == null) {
          throw new RefusedException(
              "stack %s is being written by another adopt: wait for it".formatted(stack));
        }
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
          throw new RefusedException(
              "there is a stack %s already (%s): give the new one another name with --stack"
                  .formatted(stack, target));
        }
        long needed = draft.bytes();
        long free = Files.getFileStore(stacks).getUsableSpace();
        if (needed > free) {
          throw new RefusedException(
              "no space for the stack's files: they have %s, and %s has %s free"
                  .formatted(HumanText.bytes(needed), stacks, HumanText.bytes(free)));
        }
        try {
          FileTree.delete(beside); // of an adopt that was killed
          draft.write(beside);
          Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
          FileTree.delete(beside);
        }
        return target;
      }
    } catch (IOException e) {
      throw new RefusedException("can't write the stack's folder %s: %s".formatted(target, e), e);
    }
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** Removes what was tried out: what is left of it is removed the next time. */
  static void deleteQuietly(Path folder) {
    try {
      FileTree.delete(folder);
    } catch (IOException e) {
      log.warn("can't remove {}", folder, e);
    }
  }
}
