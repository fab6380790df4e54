package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process of the running service. The kernel gives the number of a process that has ended to
 * another process later, so the start time is recorded with it.
 *
 * @param pid process id
 * @param started start of the process in clock ticks since boot, which setting the clock does not
 *     change
 */
public record PidFile(long pid, long started) {
  private static final Pattern SHAPE = Pattern.compile("(\\d{1,10}) (\\d{1,18})");

  /** Index of {@code starttime} in /proc/PID/stat, counted after the command's closing bracket. */
  private static final int START_FIELD = 19;

  public static PidFile ofThisProcess() throws IOException {
    long pid = ProcessHandle.current().pid();
    return new PidFile(
        pid, started(pid).orElseThrow(() -> new IOException("can't read /proc/" + pid + "/stat")));
  }

  public static Optional<PidFile> read(HomeFiles files) throws IOException {
    return HomeFiles.read(files.pid())
        .map(SHAPE::matcher)
        .filter(Matcher::matches)
        .map(found -> new PidFile(Long.parseLong(found.group(1)), Long.parseLong(found.group(2))));
  }

  public void write(HomeFiles files) throws IOException {
    files.write(files.pid(), pid + " " + started + "\n");
  }

  /** The process that wrote the file; empty when it has ended. */
  public Optional<ProcessHandle> liveProcess() throws IOException {
    Optional<Long> start = started(pid);
    return start.isPresent() && start.get() == started ? ProcessHandle.of(pid) : Optional.empty();
  }

  private static Optional<Long> started(long pid) throws IOException {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Optional.of(Long.parseLong(fields[START_FIELD]));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
