package dev.orchestrator.proxy.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The options of the command line.
 *
 * @param rounds the number of rounds; each contender has a turn in each of them
 * @param seconds of one turn
 * @param threads of each contender
 * @param only the kinds of load to run
 */
record BenchOptions(int rounds, int seconds, int threads, Set<String> only) {
  private static final List<String> KINDS =
      List.of("small", "new", "http", "bulk", "switch", "idle", "udp");
  private static final List<String> NAMES = List.of("--rounds", "--seconds", "--threads", "--only");
  private static final int MOST = 1000;

  /**
   * Reads the options.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  static BenchOptions of(String... arguments) {
    List<String> given = new ArrayList<>(List.of(arguments));
    int rounds = 7;
    int seconds = 2;
    int threads = 1;
    List<String> only = KINDS;
    while (!given.isEmpty()) {
      String name = given.removeFirst();
      if (!NAMES.contains(name)) {
        throw new IllegalArgumentException(
            "no option " + name + "; there is: " + String.join(", ", NAMES));
      }
      if (given.isEmpty()) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      String value = given.removeFirst();
      switch (name) {
        case "--rounds" -> rounds = number(name, value);
        case "--seconds" -> seconds = number(name, value);
        case "--threads" -> threads = number(name, value);
        default -> only = kinds(value);
      }
    }
    return new BenchOptions(rounds, seconds, threads, Set.copyOf(only));
  }

  private static int number(String name, String value) {
    int number = value.matches("[0-9]{1,4}") ? Integer.parseInt(value) : 0;
    if (number < 1 || number > MOST) {
      throw new IllegalArgumentException(
          "%s: %s is no whole number from 1 to %d".formatted(name, value, MOST));
    }
    return number;
  }

  private static List<String> kinds(String value) {
    List<String> only = List.of(value.split(",", -1));
    for (String each : only) {
      if (!KINDS.contains(each)) {
        throw new IllegalArgumentException(
            "--only: no kind %s; there is: %s".formatted(each, String.join(",", KINDS)));
      }
    }
    return only;
  }
}
