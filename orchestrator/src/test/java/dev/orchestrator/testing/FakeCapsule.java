package dev.orchestrator.testing;

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
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.settings.Invariant;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A capsule of a {@link FakeHost}: its one service, db, writes to all of its data volumes. */
public final class FakeCapsule implements Capsule {
  private final FakeHost host;
  private final String container;

  public FakeCapsule(FakeHost host, String container) {
    this.host = host;
    this.container = container;
  }

  private void requireRunning(String action) {
    try {
      host.requireEngine();
    } catch (EngineException e) {
      throw new CapsuleException(action + ": " + e.getMessage(), e);
    }
    if (!host.isRunning(container)) {
      throw new EngineException(
          EngineException.Kind.CONFLICT, action + ": " + container + " is not running");
    }
  }

  @Override
  public String name() {
    return container;
  }

  @Override
  public String address() {
    // A paused container keeps its address.
    if (!host.isRunningOrPaused(container)) {
      requireRunning("address");
    }
    return container;
  }

  @Override
  public void awaitReady(Duration deadline) {
    host.operate("capsule.ready", () -> requireRunning("ready"));
  }

  @Override
  public void isolate(Duration deadline) {
    host.operate("capsule.isolate", () -> requireRunning("isolate"));
  }

  @Override
  public void leaveOut(Collection<String> services, Duration deadline) {
    host.operate("capsule.leaveOut", () -> host.leftOut.put(container, Set.copyOf(services)));
  }

  @Override
  public MemoryUse memory(Duration deadline) {
    return host.memory;
  }

  @Override
  public void create(Collection<String> aside, Duration deadline) {
    host.operate("capsule.create", () -> requireRunning("create"));
  }

  @Override
  public void start(Duration deadline) {
    host.operate(
        "capsule.start",
        () -> {
          requireRunning("start");
          if (!host.spec(container).env().containsKey(FakeCapsuleBuilder.SECRET)) {
            throw new CapsuleException(
                "secrets or configs need the variable " + FakeCapsuleBuilder.SECRET);
          }
          int mine = Integer.parseInt(host.spec(container).env().getOrDefault("CAPSULE_EPOCH", ""));
          int held = host.volumes.lease(container);
          if (held != 0 && held != mine) {
            throw new CapsuleException(
                "refused: this capsule has epoch %d, its data belongs to epoch %d"
                    .formatted(mine, held));
          }
          if (!host.mountedClones.containsKey(container)) {
            host.volumes.mount(container);
          }
          host.writingContainers.add(container);
          if (host.reachableWriters().size() > 1) {
            host.violations.add("two writers: " + host.writingContainers);
          }
          if (host.isIsolated(container)) {
            host.volumes.appendOwnRow(container, "row of a proof by " + host.versionOf(container));
          }
        });
  }

  @Override
  public void stop(Collection<String> services, Duration deadline) {
    host.operate(
        "capsule.stop",
        () -> {
          requireRunning("stop");
          if (services.isEmpty() || services.contains("db")) {
            host.writingContainers.remove(container);
          }
          if (services.isEmpty()) {
            host.mountedClones.remove(container);
          }
        });
  }

  @Override
  public void flush(Duration deadline) {
    host.operate("capsule.flush", () -> requireRunning("flush"));
  }

  @Override
  public void freeze(Collection<String> services, Duration deadline) {
    host.operate(
        "capsule.freeze",
        () -> {
          requireRunning("freeze");
          host.frozenContainers.add(container);
        });
  }

  @Override
  public void thaw(Duration deadline) {
    requireRunning("thaw");
    host.frozenContainers.remove(container);
  }

  @Override
  public Optional<ServiceTimes> times(Instant since, Duration deadline) {
    requireRunning("times");
    return Optional.empty();
  }

  @Override
  public void mount(Duration deadline) {
    host.operate(
        "capsule.mount",
        () -> {
          requireRunning("mount");
          host.volumes.mount(container);
        });
  }

  @Override
  public CloneSupport clones(Duration deadline) {
    requireRunning("clones");
    return new CloneSupport(
        host.supportsOverlays, true, host.supportsOverlays ? "" : "no overlays here");
  }

  @Override
  public List<InnerService> services(Duration deadline) {
    requireRunning("state");
    host.serviceQueries++;
    if (host.slowToAnswer.remove(container)) {
      throw new CapsuleException("capsule " + container + ": not done in time");
    }
    String state = host.activeWriters().contains(container) ? "running" : "exited";
    boolean killed = state.equals("exited") && host.slowToStop.contains(container);
    return List.of(new InnerService("db", state, "healthy", killed ? 137 : 0, 0, ""));
  }

  @Override
  public ExecResult check(String service, Duration deadline) {
    requireRunning("check");
    return new ExecResult(0, "", "");
  }

  @Override
  public void heal(int looks, Duration deadline) {
    if (!host.isRunning(container)) {
      throw new CapsuleException("heal: " + container + " is not running");
    }
    host.healing.put(container, looks);
  }

  @Override
  public ExecResult exec(String service, List<String> command, Duration deadline) {
    requireRunning("exec");
    String words = String.join(" ", command);
    if (!service.equals("db")) {
      return new ExecResult(1, "", "the service " + service + " is not running");
    }
    host.executedCommands.add(container + ": " + words);
    host.commandListener.accept(words);
    return host.failingCommands.contains(words)
        ? new ExecResult(1, "", words + " failed")
        : new ExecResult(0, "", "");
  }

  @Override
  public List<String> logs(@Nullable String service, int tail, Duration deadline) {
    requireRunning("logs");
    return List.of("log of " + container);
  }

  @Override
  public List<OutsidePath> outside(List<String> ignore, Duration deadline) {
    requireRunning("diff");
    return host.outsidePaths;
  }

  @Override
  public List<DatabaseTable> tables(Duration deadline) {
    requireRunning("tables");
    return host.tables;
  }

  @Override
  public SqliteTables sqliteTables(DataVolume volume, Duration limit) {
    requireRunning("sqlite");
    return host.sqliteTables.getOrDefault(volume.volume(), new SqliteTables(List.of(), List.of()));
  }

  @Override
  public List<DatabaseCheck> checkDatabases(Duration deadline) {
    host.operate("capsule.databases", () -> requireRunning("databases"));
    return host.databaseChecks.getOrDefault(
        container,
        List.of(
            new DatabaseCheck(
                "db", "mariadb", DatabaseCheck.Result.GOOD, "3 tables are good (mariadb-check)")));
  }

  /** Every figure is the number of rows in its first volume. */
  @Override
  public List<FigureAnswer> figures(List<Invariant> invariants, Duration deadline) {
    List<FigureAnswer> answers = new ArrayList<>();
    host.operate(
        "capsule.figures",
        () -> {
          requireRunning("figures");
          for (Invariant each : invariants) {
            answers.add(
                host.unanswered.contains(each.name())
                    ? FigureAnswer.unknown(each, "no answer")
                    : new FigureAnswer(
                        each.name(), Integer.toString(host.countRows(container)), ""));
          }
        });
    return answers;
  }

  @Override
  public List<DatabaseSchema> schemas(Duration deadline) {
    requireRunning("schemas");
    return host.schemas.getOrDefault(host.versionOf(container), List.of());
  }

  @Override
  public SeededFiles seededFiles(Collection<String> paths, Duration deadline) {
    requireRunning("files");
    return host.seededFiles;
  }

  @Override
  public String diff(String path, String text, Duration deadline) {
    requireRunning("diff");
    return "-here\n+" + text;
  }

  @Override
  public boolean applyFiles(@Nullable Policy changed, List<String> known, Duration deadline) {
    host.operate(
        "capsule.files",
        () -> {
          requireRunning("files");
          host.executedCommands.add(
              container + ": files " + (changed == null ? "" : changed.word()) + known);
        });
    return true;
  }

  @Override
  public FilesReport filesReport(Duration deadline) {
    requireRunning("files report");
    return host.filesReport;
  }

  @Override
  public List<ChangedFile> changedFiles(Duration deadline) {
    requireRunning("files");
    return host.changedFiles;
  }

  @Override
  public List<String> dataPaths(Duration deadline) {
    requireRunning("dataPaths");
    return host.dataPaths(container);
  }

  @Override
  public Map<String, Long> sizes(Collection<String> paths, Duration deadline) {
    requireRunning("sizes");
    Map<String, Long> sizes = new TreeMap<>();
    paths.forEach(path -> sizes.put(path, 3_000_000L));
    return sizes;
  }

  @Override
  public TakenFiles takeIn(String from, String to, String path, Duration deadline) {
    host.operate(
        "capsule.takeIn",
        () -> {
          requireRunning("takeIn");
          host.executedCommands.add(container + ": take in " + from + " to " + to + "/" + path);
        });
    return new TakenFiles(List.of(path.substring(path.lastIndexOf('/') + 1)), List.of(), 7);
  }

  @Override
  public void mark(String word, Duration deadline) {
    host.operate(
        "capsule.mark",
        () -> {
          requireRunning("mark");
          host.volumes.mark(container, word);
        });
  }

  @Override
  public String mark(Duration deadline) {
    requireRunning("mark");
    return host.volumes.mark(container);
  }

  @Override
  public void lease(int epoch, Duration deadline) {
    host.operate(
        "capsule.lease",
        () -> {
          requireRunning("lease");
          host.volumes.lease(container, epoch);
        });
  }
}
