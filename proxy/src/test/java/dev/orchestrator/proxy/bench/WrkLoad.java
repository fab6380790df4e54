package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of wrk.
 *
 * @param p99Millis the 99th percentile of the requests' latency
 */
record WrkLoad(long requests, double perSecond, double p99Millis, long errors) {
  private static final int CONNECTIONS = 32;
  private static final Pattern TOTAL = Pattern.compile("(\\d+) requests in");
  private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([\\d.]+)");
  private static final Pattern P99 = Pattern.compile("99%\\s+([\\d.]+)(us|ms|s)");
  private static final Pattern ERRORS =
      Pattern.compile("connect (\\d+), read (\\d+), write (\\d+), timeout (\\d+)");

  static WrkLoad run(int port, boolean keepAlive, int seconds) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("wrk", "-t1", "-c" + CONNECTIONS, "-d" + seconds + "s", "--latency"));
    if (!keepAlive) {
      command.addAll(List.of("-H", "Connection: close"));
    }
    command.add("http://127.0.0.1:" + port + "/");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    Matcher p99 = find(P99, output);
    double unit =
        switch (p99.group(2)) {
          case "us" -> 0.001;
          case "ms" -> 1;
          default -> 1000;
        };
    Matcher errors = ERRORS.matcher(output);
    long failed = 0;
    if (errors.find()) {
      for (int i = 1; i <= errors.groupCount(); i++) {
        failed += Long.parseLong(errors.group(i));
      }
    }
    return new WrkLoad(
        Long.parseLong(find(TOTAL, output).group(1)),
        Double.parseDouble(find(RATE, output).group(1)),
        Double.parseDouble(p99.group(1)) * unit,
        failed);
  }

  private static Matcher find(Pattern pattern, String output) throws IOException {
    Matcher matcher = pattern.matcher(output);
    if (!matcher.find()) {
      throw new IOException("wrk says: " + output);
    }
    return matcher;
  }
}
