package dev.orchestrator.proxy.listen;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Finds the process that listens on a port, as far as {@code /proc} lets this user see it. */
final class PortOwner {
  private static final String STATE_LISTEN = "0A";

  /** A UDP socket that receives from everyone has the state that TCP calls closed. */
  private static final String STATE_UNCONNECTED = "07";

  private PortOwner() {}

  /** The process as a text for a person, such as {@code "nginx (process 12)"}. */
  static String of(int port, boolean datagrams) {
    String table = datagrams ? "/proc/net/udp" : "/proc/net/tcp";
    String state = datagrams ? STATE_UNCONNECTED : STATE_LISTEN;
    try {
      Set<String> sockets = new HashSet<>();
      collect(Path.of(table), port, state, sockets);
      collect(Path.of(table + "6"), port, state, sockets);
      try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
        for (Path process : processes) {
          if (holds(process, sockets)) {
            return Files.readString(process.resolve("comm")).strip()
                + " (process "
                + process.getFileName()
                + ")";
          }
        }
      }
    } catch (IOException e) {
      return "another program"; // this user may not see it
    }
    return "another program";
  }

  /** The inodes of the sockets that listen on the port: proc_pid_net(5), columns 2, 4 and 10. */
  private static void collect(Path table, int port, String state, Set<String> sockets)
      throws IOException {
    if (!Files.exists(table)) {
      return;
    }
    String suffix = String.format(Locale.ROOT, ":%04X", port);
    for (String line : Files.readAllLines(table)) {
      String[] columns = line.strip().split("\\s+", -1);
      if (columns.length > 9 && columns[1].endsWith(suffix) && columns[3].equals(state)) {
        sockets.add("socket:[" + columns[9] + "]");
      }
    }
  }

  private static boolean holds(Path process, Set<String> sockets) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        if (sockets.contains(Files.readSymbolicLink(descriptor).toString())) {
          return true;
        }
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      return false; // the process has ended meanwhile, or belongs to another user
    }
    return false;
  }
}
