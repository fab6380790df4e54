package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.capsule.DatabaseCheck;
import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.capsule.FigureAnswer;
import dev.orchestrator.capsule.FilesReport;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.capsule.MemoryUse;
import dev.orchestrator.capsule.OutsidePath;
import dev.orchestrator.capsule.SeededFiles;
import dev.orchestrator.capsule.ServiceTimes;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.settings.Invariant;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A capsule on the loopback address whose services go through states that a test lists. */
final class FakeServiceCapsule implements Capsule {
  private final Deque<List<InnerService>> rounds = new ArrayDeque<>();
  int asked;

  /** Printed by the health check of each service of the rounds that follow. */
  String checkOutput = "";

  /** Printed by every command but {@code true}. */
  String commandOutput = "it says no\n";

  /** The log of every service. */
  List<String> log = List.of("out of memory");

  /** Services whose health check passes when it is run by hand. */
  final Set<String> passing = new HashSet<>();

  /** Services whose health check was run by hand. */
  final List<String> checked = new ArrayList<>();

  /** Run when its services are to be started. */
  Runnable starting = () -> {};

  /** Run each time that it is asked for its address. */
  Runnable locating = () -> {};

  /** Run each time that it is asked for its services. */
  Runnable asking = () -> {};

  /** One round: {@code "db running healthy 0"}…; the last round stays. An empty one fails. */
  FakeServiceCapsule round(String... services) {
    rounds.add(
        List.of(services).stream()
            .map(text -> text.split(" ", 4))
            .map(
                p -> new InnerService(p[0], p[1], p[2], Integer.parseInt(p[3]), 0, "", checkOutput))
            .toList());
    return this;
  }

  /** One round of services as they are; the last round stays. */
  FakeServiceCapsule services(InnerService... services) {
    rounds.add(List.of(services));
    return this;
  }

  int asked() {
    return asked;
  }

  @Override
  public String name() {
    return "green";
  }

  @Override
  public String address() {
    locating.run();
    return "127.0.0.1";
  }

  @Override
  public void awaitReady(Duration deadline) {}

  @Override
  public void isolate(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void leaveOut(Collection<String> services, Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public MemoryUse memory(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void create(Collection<String> aside, Duration deadline) {}

  @Override
  public void start(Duration deadline) {
    starting.run();
  }

  @Override
  public void stop(Collection<String> services, Duration deadline) {}

  @Override
  public void flush(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void freeze(Collection<String> services, Duration deadline) {}

  @Override
  public void thaw(Duration deadline) {}

  @Override
  public void mount(Duration deadline) {}

  @Override
  public CloneSupport clones(Duration deadline) {
    return new CloneSupport(true, true, "");
  }

  @Override
  public List<InnerService> services(Duration deadline) {
    asked++;
    asking.run();
    List<InnerService> round = rounds.size() > 1 ? rounds.removeFirst() : rounds.getFirst();
    if (round.isEmpty()) {
      throw new CapsuleException("capsule green: asking for its services' state: no answer");
    }
    return round;
  }

  @Override
  public ExecResult check(String service, Duration deadline) {
    checked.add(service);
    return passing.contains(service)
        ? new ExecResult(0, "", "")
        : new ExecResult(1, "", commandOutput);
  }

  @Override
  public Optional<ServiceTimes> times(Instant since, Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void heal(int looks, Duration deadline) {}

  @Override
  public ExecResult exec(String service, List<String> command, Duration deadline) {
    return command.getFirst().equals("true")
        ? new ExecResult(0, "", "")
        : new ExecResult(1, "", commandOutput);
  }

  @Override
  public List<String> logs(@Nullable String service, int tail, Duration deadline) {
    return log.subList(Math.max(0, log.size() - tail), log.size());
  }

  @Override
  public List<OutsidePath> outside(List<String> ignore, Duration deadline) {
    return List.of();
  }

  @Override
  public List<DatabaseCheck> checkDatabases(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DatabaseTable> tables(Duration deadline) {
    return List.of();
  }

  @Override
  public SqliteTables sqliteTables(DataVolume volume, Duration limit) {
    return new SqliteTables(List.of(), List.of());
  }

  @Override
  public List<FigureAnswer> figures(List<Invariant> invariants, Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DatabaseSchema> schemas(Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SeededFiles seededFiles(Collection<String> paths, Duration deadline) {
    return SeededFiles.NONE;
  }

  @Override
  public String diff(String path, String text, Duration deadline) {
    return "";
  }

  @Override
  public boolean applyFiles(@Nullable Policy changed, List<String> known, Duration deadline) {
    return true;
  }

  @Override
  public FilesReport filesReport(Duration deadline) {
    return FilesReport.NONE;
  }

  @Override
  public List<ChangedFile> changedFiles(Duration deadline) {
    return List.of();
  }

  @Override
  public List<String> dataPaths(Duration deadline) {
    return List.of();
  }

  @Override
  public Map<String, Long> sizes(Collection<String> paths, Duration deadline) {
    return Map.of();
  }

  @Override
  public TakenFiles takeIn(String from, String to, String path, Duration deadline) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void mark(String word, Duration deadline) {}

  @Override
  public String mark(Duration deadline) {
    return "";
  }

  @Override
  public void lease(int epoch, Duration deadline) {}
}
