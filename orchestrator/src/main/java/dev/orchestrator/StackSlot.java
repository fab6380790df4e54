package dev.orchestrator;

import dev.orchestrator.settings.ServiceSettings.StackEntry;
import org.jspecify.annotations.Nullable;

/** A folder with a stack.conf, or that had one. Changed by one thread at a time, read by any. */
final class StackSlot {
  final String folder;

  /** Null while the stack can't be opened. */
  volatile @Nullable ManagedStack stack;

  /** Why the settings in the file are not those that are used, or there are none; or empty. */
  volatile String problem = "";

  /** {@link StackEntry#source} of the settings that are used. */
  volatile String source = "";

  StackSlot(String folder) {
    this.folder = folder;
  }

  /** The stack's name; that of its folder while it can't be opened. */
  String name() {
    ManagedStack open = stack;
    return open == null ? folder : open.settings().stack().name();
  }
}
