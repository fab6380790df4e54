package dev.orchestrator.proxy.bench;

import dev.orchestrator.proxy.testing.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The main class of {@code scripts/bench proxy}: [--rounds N] [--seconds N] [--threads N] [--only
 * small,new,http,bulk,switch,idle,udp]. Prints {@link ResultTable}. Rounds are interleaved: in
 * each, every contender has its turn at every measure. Figures are medians of the rounds; a ratio
 * is the median of the rounds' own ratios, as two turns that follow each other see the same
 * machine.
 */
final class Bench {
  private static final int WARM_UP_SECONDS = 6;
  private static final int SWITCH_SECONDS = 5;
  private static final int SWITCHES = 10;
  private static final int SWITCH_WARM_UPS = 2;
  private static final int SWITCH_ROUNDS = 5;
  private static final int IDLE = 10_000;
  private static final List<Integer> UDP_LENGTHS = List.of(64, 1200);
  private static final int SPARE_DESCRIPTORS = 2_000;

  private final Set<String> only;
  private final int rounds;
  private final int seconds;
  private final List<Contender> contenders;
  private final Map<String, Map<String, List<Double>>> figures = new TreeMap<>();
  private final ResultTable rows = new ResultTable();

  private Bench(BenchOptions options, List<Contender> contenders) {
    this.only = options.only();
    this.rounds = options.rounds();
    this.seconds = options.seconds();
    this.contenders = contenders;
  }

  public static void main(String[] arguments) throws IOException {
    BenchOptions options;
    try {
      options = BenchOptions.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(2);
      return;
    }
    int idle = Math.min(IDLE, (descriptors() - SPARE_DESCRIPTORS) / 2);
    Path folder = Files.createTempDirectory("bench-proxy");
    ContenderSetup setup =
        new ContenderSetup(folder, options.threads(), idle, FreePorts.next(), FreePorts.next());
    try (BenchUpstream _ = BenchUpstream.start(setup);
        Contender ours = OurContender.start(setup);
        Contender haproxy = HaProxyContender.start(setup);
        Contender nginx = NginxContender.start(setup)) {
      Bench bench = new Bench(options, List.of(ours, haproxy, nginx));
      bench.load();
      bench.switches();
      bench.idle(idle);
      bench.udp(setup);
      bench.goals();
      System.out.print(bench.rows.lines());
    } finally {
      remove(folder);
    }
    System.exit(0);
  }

  private static void say(String line) {
    System.err.println("==> " + line);
  }

  private void load() throws IOException {
    if (only.stream().noneMatch(Set.of("small", "new", "http", "bulk")::contains)) {
      return;
    }
    Contender ours = contenders.getFirst();
    say("warming our JVM up (%d s for each kind of load), not counted".formatted(WARM_UP_SECONDS));
    WrkLoad _ = WrkLoad.run(ours.tcp, true, WARM_UP_SECONDS);
    WrkLoad _ = WrkLoad.run(ours.tcp, false, WARM_UP_SECONDS);
    WrkLoad _ = WrkLoad.run(ours.http, true, WARM_UP_SECONDS);
    WrkLoad _ = WrkLoad.run(ours.http, false, WARM_UP_SECONDS);
    for (int i = 0; i < 3; i++) {
      double _ = BulkLoad.read(ours.tcp);
    }
    for (int round = 1; round <= rounds; round++) {
      say("round %d of %d".formatted(round, rounds));
      List<Contender> turns = inTurn(round);
      for (Contender each : wanted("small", turns)) {
        wrk("small requests, tcp", each, each.tcp, true);
      }
      for (Contender each : wanted("new", turns)) {
        wrk("a connection for each, tcp", each, each.tcp, false);
      }
      for (Contender each : wanted("http", turns)) {
        wrk("small requests, http", each, each.http, true);
      }
      for (Contender each : wanted("bulk", turns)) {
        long before = each.cpu();
        note("bulk, tcp: GiB/s", each, BulkLoad.read(each.tcp));
        note("bulk, tcp: processor s/GiB", each, (each.cpu() - before) / 1e9);
      }
    }
  }

  private List<Contender> wanted(String kind, List<Contender> turns) {
    return only.contains(kind) ? turns : List.of();
  }

  private void switches() throws IOException {
    for (int i = 0; i < SWITCH_WARM_UPS && only.contains("switch"); i++) {
      say("warming our proxy's switch and the client up, not counted");
      Contender ours = contenders.getFirst();
      SwitchLoad _ = SwitchLoad.measure(ours, ours.tcp, SWITCH_SECONDS, SWITCHES);
      SwitchLoad _ = SwitchLoad.measure(ours, ours.http, SWITCH_SECONDS, SWITCHES);
    }
    for (int round = 1; round <= Math.min(rounds, SWITCH_ROUNDS); round++) {
      switches(inTurn(round));
    }
  }

  private void switches(List<Contender> turns) throws IOException {
    for (Contender each : wanted("switch", turns)) {
      say("switches of %s under load: 1,000 new connections a second".formatted(each.name));
      for (String kind : List.of("tcp", "http")) {
        int port = kind.equals("tcp") ? each.tcp : each.http;
        SwitchLoad still = SwitchLoad.measure(each, port, SWITCH_SECONDS, 0);
        note("the same load without a switch, " + kind + ": p99.9 ms", each, still.p999Millis());
        SwitchLoad seen = SwitchLoad.measure(each, port, SWITCH_SECONDS, SWITCHES);
        note("switch under load, " + kind + ": p99.9 ms", each, seen.p999Millis());
        note("switch under load, " + kind + ": longest ms", each, seen.longestMillis());
        note("switch under load, " + kind + ": failed", each, seen.failed());
      }
    }
  }

  private void idle(int idle) throws IOException {
    for (Contender each : wanted("idle", contenders)) {
      say("%d idle connections through %s".formatted(idle, each.name));
      IdleLoad.Cost cost = IdleLoad.measure(each, idle);
      note("idle connection: bytes in use", each, cost.heldBytes());
      note("idle connection: bytes resident", each, cost.residentBytes());
    }
  }

  /**
   * HAProxy has no udp: beside nginx alone. Both proxies have the same clients and the same target,
   * which do little for a datagram: see {@link UdpLoad}.
   */
  private void udp(ContenderSetup setup) throws IOException {
    if (!only.contains("udp")) {
      return;
    }
    for (UdpLoad.Way way : UdpLoad.Way.values()) {
      Process echo = UdpLoad.echo(setup, way);
      try {
        say("warming our JVM up for datagrams%s, not counted".formatted(way.suffix));
        for (int length : UDP_LENGTHS) {
          UdpLoad _ = UdpLoad.run(contenders.getFirst().tcp, length, "max", WARM_UP_SECONDS, way);
        }
        for (int round = 1; round <= rounds; round++) {
          say("datagrams%s: round %d of %d".formatted(way.suffix, round, rounds));
          udp(round, way);
        }
        if (way == UdpLoad.Way.ONE_BY_ONE) {
          udpSwitches();
        }
      } finally {
        echo.destroy();
        echo.onExit().join();
      }
    }
  }

  private void udp(int round, UdpLoad.Way way) throws IOException {
    List<Contender> turns =
        inTurn(round).stream().filter(each -> !each.name.equals("haproxy")).toList();
    for (int length : UDP_LENGTHS) {
      String measure = udpMeasure(length, way);
      for (Contender each : turns) {
        long before = each.cpu();
        UdpLoad run = UdpLoad.run(each.tcp, length, "max", seconds, way);
        note(measure + ": datagrams/s", each, run.perSecond());
        note(
            measure + ": processor s/1,000,000",
            each,
            (each.cpu() - before)
                / 1e9
                / (run.perSecond() * (seconds + UdpLoad.warmUpSeconds()))
                * 1e6);
        // Clients wait for what is lost, which makes the rate smaller than the proxy's own.
        note(measure + ": lost", each, (double) run.lost());
      }
      double rate = seen(measure + ": datagrams/s", "nginx").getLast() / 2;
      for (Contender each : turns) {
        UdpLoad run = UdpLoad.run(each.tcp, length, Long.toString((long) rate), seconds, way);
        note(measure + " at half nginx's rate: p99 ms", each, run.p99Millis());
        note(measure + " at half nginx's rate: lost", each, (double) run.lost());
      }
    }
  }

  private static String udpMeasure(int length, UdpLoad.Way way) {
    return "udp, %d bytes%s".formatted(length, way.suffix);
  }

  private void udpSwitches() throws IOException {
    for (int round = 1; round <= Math.min(rounds, SWITCH_ROUNDS); round++) {
      for (Contender each : contenders) {
        if (!each.name.equals("haproxy")) {
          say("switches of %s under datagrams of clients that wait".formatted(each.name));
          udpSwitch(each);
        }
      }
    }
  }

  private void udpSwitch(Contender contender) throws IOException {
    Process clients = UdpLoad.ask(contender.tcp, UDP_LENGTHS.getFirst(), SWITCH_SECONDS);
    long begun = System.nanoTime() + TimeUnit.SECONDS.toNanos(UdpLoad.warmUpSeconds());
    for (int i = 1; i <= SWITCHES; i++) {
      long due = begun + TimeUnit.SECONDS.toNanos(SWITCH_SECONDS) * i / (SWITCHES + 1);
      for (long rest = due - System.nanoTime(); rest > 0; rest = due - System.nanoTime()) {
        LockSupport.parkNanos(rest);
      }
      contender.switchTo(i % 2 == 1 ? "green" : "blue");
    }
    UdpLoad seen = UdpLoad.result(clients);
    note("udp, switches, clients that wait: p99 ms", contender, seen.p99Millis());
    note("udp, switches, clients that wait: lost", contender, (double) seen.lost());
  }

  /** The contenders in the order of a round: each is the first in some round. */
  private List<Contender> inTurn(int round) {
    List<Contender> turned = new ArrayList<>(contenders);
    java.util.Collections.rotate(turned, round);
    return turned;
  }

  private void wrk(String measure, Contender contender, int port, boolean keepAlive)
      throws IOException {
    long before = contender.cpu();
    WrkLoad run = WrkLoad.run(port, keepAlive, seconds);
    note(measure + ": requests/s", contender, run.perSecond());
    note(measure + ": p99 ms", contender, run.p99Millis());
    note(
        measure + ": processor s/10,000",
        contender,
        (contender.cpu() - before) / 1e9 / run.requests() * 10_000);
    note(measure + ": errors", contender, (double) run.errors());
  }

  private void note(String measure, Contender contender, double value) {
    figures
        .computeIfAbsent(measure, _ -> new TreeMap<>())
        .computeIfAbsent(contender.name, _ -> new ArrayList<>())
        .add(value);
  }

  private List<Double> seen(String measure, String name) {
    return figures.getOrDefault(measure, Map.of()).getOrDefault(name, List.of());
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
  }

  private void goals() {
    row("small requests, tcp: requests/s", ">= 1.0");
    row("small requests, tcp: p99 ms", "<= 1.2");
    row("small requests, tcp: processor s/10,000", "<= 1.3");
    row("a connection for each, tcp: requests/s", ">= 0.9");
    row("a connection for each, tcp: p99 ms", "");
    row("a connection for each, tcp: processor s/10,000", "<= 1.3");
    row("bulk, tcp: GiB/s", ">= 1.5");
    row("bulk, tcp: processor s/GiB", "<= 1.3");
    row("small requests, http: requests/s", ">= 0.8");
    row("small requests, http: p99 ms", "");
    row("small requests, http: processor s/10,000", "<= 1.3");
    row("idle connection: bytes in use", "<= 1.5");
    row("idle connection: bytes resident", "");
    for (String kind : List.of("tcp", "http")) {
      absolute("the same load without a switch, " + kind + ": p99.9 ms", "");
      absolute("switch under load, " + kind + ": p99.9 ms", "<= 5");
      absolute("switch under load, " + kind + ": longest ms", "");
      absolute("switch under load, " + kind + ": failed", "<= 0");
    }
    for (UdpLoad.Way way : UdpLoad.Way.values()) {
      for (int length : UDP_LENGTHS) {
        String measure = udpMeasure(length, way);
        add(measure + ": datagrams/s", "ratio >= 1.5");
        add(measure + ": processor s/1,000,000", "");
        add(measure + ": lost", "");
        add(measure + " at half nginx's rate: p99 ms", "ratio <= 1.0");
        add(measure + " at half nginx's rate: lost", "ours <= 0");
      }
    }
    add("udp, switches, clients that wait: p99 ms", "");
    add("udp, switches, clients that wait: lost", "ours <= 0");
    for (String kind :
        List.of("small requests, tcp", "a connection for each, tcp", "small requests, http")) {
      absolute(kind + ": errors", "<= 0");
    }
  }

  /** A line whose goal is for the ratio of our figure to HAProxy's. */
  private void row(String measure, String goal) {
    add(measure, goal.isEmpty() ? "" : "ratio " + goal);
  }

  /** A line whose goal is for our own figure. */
  private void absolute(String measure, String goal) {
    add(measure, goal.isEmpty() ? "" : "ours " + goal);
  }

  private void add(String measure, String goal) {
    List<Double> ours = seen(measure, "ours");
    for (String name : ours.isEmpty() ? List.<String>of() : List.of("haproxy", "nginx")) {
      List<Double> peer = seen(measure, name);
      if (peer.isEmpty()) {
        continue; // it does not have this protocol
      }
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < ours.size(); i++) {
        ratios.add(ours.get(i) / peer.get(i));
      }
      rows.add(
          measure,
          median(ours),
          median(peer),
          name,
          median(ratios),
          name.equals("haproxy") || seen(measure, "haproxy").isEmpty() ? goal : "");
    }
  }

  private static int descriptors() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith("Max open files")) {
        return (int) Math.min(1 << 20, Long.parseLong(line.split("\\s+", -1)[4]));
      }
    }
    throw new IOException("/proc/self/limits does not say");
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
