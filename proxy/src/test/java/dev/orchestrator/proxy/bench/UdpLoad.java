package dev.orchestrator.proxy.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of the clients for datagrams, in a process of their own ({@code UdpLoadMain}). They and
 * the target ({@code UdpEchoMain}) have one thread each, and batch their system calls: on a machine
 * with two processors they would else take most of them, and the rates that are measured would be
 * theirs and not the proxy's.
 *
 * @param perSecond answers
 * @param lost datagrams that were not answered
 */
record UdpLoad(double perSecond, double p99Millis, long lost) {
  private static final Pattern RESULT = Pattern.compile("= ([0-9.]+) ([0-9.]+|NaN) (-?[0-9]+)");
  private static final int CLIENTS = 16;
  private static final int WARM_UP_SECONDS = 2;
  private static final String PACKAGE = "dev.orchestrator.proxy.udp.";

  /** How clients and target send. */
  enum Way {
    /** As clients of DNS and games do. */
    ONE_BY_ONE("", 0),
    /** Many as one message that the kernel cuts up (UDP_SEGMENT), as QUIC does. */
    IN_SEGMENTS(" in segments", 1400);

    /** Added to the name of a measure. */
    final String suffix;

    private final int longestSegment;

    Way(String suffix, int longestSegment) {
      this.suffix = suffix;
      this.longestSegment = longestSegment;
    }
  }

  /**
   * Runs them.
   *
   * @param rate datagrams a second, or {@code max}, or {@code ask}
   */
  static UdpLoad run(int port, int length, String rate, int seconds, Way way) throws IOException {
    return result(start(port, length, rate, seconds, way));
  }

  /** Starts clients that wait for each answer; see {@link #result}. */
  static Process ask(int port, int length, int seconds) throws IOException {
    return start(port, length, "ask", seconds, Way.ONE_BY_ONE);
  }

  private static Process start(int port, int length, String rate, int seconds, Way way)
      throws IOException {
    return java(
        "UdpLoadMain",
        Integer.toString(port),
        Integer.toString(CLIENTS),
        Integer.toString(length),
        rate,
        Integer.toString(WARM_UP_SECONDS),
        Integer.toString(seconds),
        Integer.toString(way.longestSegment));
  }

  /** How long a process of {@link #ask} takes until it counts. */
  static int warmUpSeconds() {
    return WARM_UP_SECONDS;
  }

  static UdpLoad result(Process process) throws IOException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    Matcher result = RESULT.matcher(output);
    if (!result.find()) {
      throw new IOException("the clients say: " + output);
    }
    return new UdpLoad(
        Double.parseDouble(result.group(1)),
        Double.parseDouble(result.group(2)),
        Long.parseLong(result.group(3)));
  }

  /** Starts the targets for datagrams on two ports; they end with their input. */
  static Process echo(ContenderSetup setup, Way way) throws IOException {
    Process process =
        java(
            "UdpEchoMain",
            Integer.toString(way.longestSegment),
            Integer.toString(setup.blue()),
            Integer.toString(setup.green()));
    BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals("ready")) {
        return process;
      }
    }
    throw new IOException("the target for datagrams does not start");
  }

  private static Process java(String main, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                PACKAGE + main));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }
}
