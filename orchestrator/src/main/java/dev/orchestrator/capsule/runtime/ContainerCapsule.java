package dev.orchestrator.capsule.runtime;

import com.fasterxml.jackson.databind.JsonNode;
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
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.OutputText;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.SqliteTables;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.FileSettings.Policy;
import dev.orchestrator.settings.Invariant;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A {@link Capsule} that is controlled by running its {@code capsule} command. Any thread. */
public final class ContainerCapsule implements Capsule {
  private static final Duration POLL = Duration.ofMillis(100);

  /** {@code capsule ready} answers at once; this is for an engine that is busy. */
  private static final Duration ONE_TRY = Duration.ofSeconds(15);

  /** A capsule's exit code for a command that it doesn't have. */
  private static final int USAGE = 2;

  /** For what is done beside a count of rows. */
  private static final Duration SQLITE_GRACE = Duration.ofSeconds(30);

  /** A stack trace's first line may be that far from the end of a log. */
  private static final int LAST_LINES = 100;

  /** In a capsule: the paths that its services expect, as the image builder wrote them. */
  private static final String STACK = "/capsule/stack/stack.json";

  /**
   * Prints the size and the path of each of its arguments that has a file and is not as in the
   * release.
   */
  private static final String SIZES =
      """
      for path; do
        [ -n "$(find "$path" ! -type d -print -quit 2>/dev/null)" ] || continue
        case $path in
          */binds/*) ! diff -r -q "/capsule/stack/release/${path#*/binds/}" "$path" || continue ;;
        esac >/dev/null 2>&1
        du --summarize --block-size=1 -- "$path" 2>/dev/null
      done
      true
      """;

  private final Engine engine;
  private final String name;
  private final InstantSource clock;

  public ContainerCapsule(Engine engine, String name, InstantSource clock) {
    this.engine = engine;
    this.name = name;
    this.clock = clock;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String address() {
    return engine
        .container(name)
        .map(ContainerInfo::address)
        .filter(address -> !address.isEmpty())
        .orElseThrow(() -> failure("asking for its address", "it isn't running"));
  }

  @Override
  public void awaitReady(Duration deadline) {
    Deadline end = Deadline.in(deadline, clock);
    String last = "it did not answer";
    while (true) {
      if (end.passed()) {
        throw failure("waiting %d s for its inner engine".formatted(deadline.toSeconds()), last);
      }
      Optional<ContainerInfo> container = engine.container(name);
      if (container.isEmpty() || !container.get().running()) {
        throw failure("waiting for its inner engine", howItEnded(container));
      }
      try {
        ExecResult result = engine.exec(name, List.of("capsule", "ready"), end.atMost(ONE_TRY));
        if (result.ok()) {
          return;
        }
        last = result.errorLine();
        Thread.sleep(POLL);
      } catch (EngineException e) {
        // The container may have ended since its state was read: the next round reads it again.
        if (e.kind() == EngineException.Kind.UNREACHABLE) {
          throw failure("waiting for its inner engine", e);
        }
        last = String.valueOf(e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failure("waiting for its inner engine", e);
      }
    }
  }

  @Override
  public void isolate(Duration deadline) {
    String _ = script("isolating it", "isolate", List.of(), deadline);
  }

  @Override
  public void leaveOut(Collection<String> services, Duration deadline) {
    String _ = script("leaving out services", "leave-out", services, deadline);
  }

  @Override
  public MemoryUse memory(Duration deadline) {
    String doing = "looking at its memory";
    try {
      return Json.read(script(doing, "memory", List.of(), deadline), MemoryUse.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public void create(Collection<String> aside, Duration deadline) {
    List<String> arguments = new ArrayList<>();
    if (!aside.isEmpty()) {
      arguments.add("aside");
      arguments.addAll(aside);
    }
    ask("creating its services", deadline, with("create", arguments));
  }

  @Override
  public void start(Duration deadline) {
    ask("starting its services", deadline, "start");
  }

  @Override
  public void start(int epoch, Duration deadline) {
    List<String> command =
        List.of("sh", "-c", "capsule lease $1 && exec capsule start", "sh", String.valueOf(epoch));
    String _ = output("starting its services", deadline, command);
  }

  /** By what capsules of all ages know. */
  @Override
  public List<InnerService> stop(int epoch, Duration deadline) {
    List<String> command =
        List.of(
            "sh",
            "-c",
            "capsule lease $1 && capsule stop && exec capsule state",
            "sh",
            String.valueOf(epoch));
    String doing = "stopping its services";
    return services(doing, output(doing, deadline, command));
  }

  @Override
  public void stop(Collection<String> services, Duration deadline) {
    ask("stopping its services", deadline, with("stop", services));
  }

  @Override
  public void flush(Duration deadline) {
    String doing = "flushing its data";
    ExecResult result = run(doing, deadline, List.of("capsule", "flush"));
    if (!result.ok() && result.exitCode() != USAGE) {
      throw failure(doing, result.errorLine());
    }
  }

  @Override
  public void freeze(Collection<String> services, Duration deadline) {
    ask("freezing services", deadline, with("freeze", services));
  }

  @Override
  public void thaw(Duration deadline) {
    ask("thawing its services", deadline, "thaw");
  }

  @Override
  public void mount(Duration deadline) {
    ask("mounting its data", deadline, "mount");
  }

  @Override
  public CloneSupport clones(Duration deadline) {
    String doing = "trying out a clone";
    String answer = ask(doing, deadline, "clones");
    try {
      JsonNode found = Json.tree(answer);
      return new CloneSupport(
          found.path("overlay").asBoolean(),
          found.path("links").asBoolean(),
          found.path("why").asText());
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public List<String> dataPaths(Duration deadline) {
    String doing = "asking what its services mount";
    List<String> paths = new ArrayList<>();
    try {
      JsonNode stack = Json.tree(output(doing, deadline, List.of("cat", STACK)));
      stack.path("dirs").forEach(dir -> paths.add(dir.asText()));
      stack.path("seedFiles").forEach(seed -> paths.add(seed.path("to").asText()));
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
    return paths;
  }

  @Override
  public Map<String, Long> sizes(Collection<String> paths, Duration deadline) {
    Map<String, Long> sizes = new TreeMap<>();
    if (paths.isEmpty()) {
      return sizes;
    }
    List<String> command = new ArrayList<>(List.of("sh", "-c", SIZES, "sh"));
    command.addAll(paths);
    for (String line : output("measuring its data", deadline, command).lines().toList()) {
      String[] words = line.split("\t", 2);
      sizes.put(words[1], Long.parseLong(words[0]));
    }
    return sizes;
  }

  private static String[] with(String command, Collection<String> services) {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(services);
    return all.toArray(String[]::new);
  }

  @Override
  public List<InnerService> services(Duration deadline) {
    String doing = "asking for its services' state";
    return services(doing, ask(doing, deadline, "state"));
  }

  private List<InnerService> services(String doing, String answer) {
    List<InnerService> services = new ArrayList<>();
    try {
      for (JsonNode service : Json.tree(answer).path("services")) {
        services.add(
            new InnerService(
                service.path("service").asText(),
                service.path("state").asText("missing"),
                service.path("health").asText("none"),
                service.path("exitCode").asInt(),
                service.path("restarts").asInt(),
                service.path("startedAt").asText(""),
                service.path("checkOutput").asText(""),
                texts(service.path("dependsOn")),
                service.path("mayEnd").asBoolean(true),
                Duration.ofMillis(service.path("firstCheckMillis").asLong()),
                Duration.ofMillis(service.path("nextCheckMillis").asLong()),
                service.path("retries").asInt(InnerService.RETRIES),
                service.path("heals").asInt(),
                service.path("recentEnds").asInt()));
      }
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
    return services;
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return List.copyOf(texts);
  }

  @Override
  public ExecResult check(String service, Duration deadline) {
    return run(
        "running the health check of service " + service,
        deadline,
        List.of("capsule", "check", service));
  }

  @Override
  public Optional<ServiceTimes> times(Instant since, Duration deadline) {
    String doing = "asking when its services were stopped and started";
    String nanos = "%d%09d".formatted(since.getEpochSecond(), since.getNano());
    ExecResult result = run(doing, deadline, List.of("capsule", "times", nanos));
    if (result.exitCode() == USAGE) {
      return Optional.empty();
    }
    if (!result.ok()) {
      throw failure(doing, result.errorLine());
    }
    try {
      List<ServiceTimes.Event> events = new ArrayList<>();
      JsonNode answer = Json.tree(result.stdout());
      for (JsonNode event : answer.path("events")) {
        events.add(
            new ServiceTimes.Event(
                Instant.ofEpochMilli(event.path("at").asLong()),
                event.path("action").asText(),
                event.path("service").asText()));
      }
      Map<String, List<String>> dependsOn = new TreeMap<>();
      answer
          .path("dependsOn")
          .properties()
          .forEach(each -> dependsOn.put(each.getKey(), texts(each.getValue())));
      return Optional.of(new ServiceTimes(events, dependsOn));
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public void heal(int looks, Duration deadline) {
    ask("setting its self-healing", deadline, "heal", Integer.toString(looks));
  }

  @Override
  public ExecResult exec(String service, List<String> command, Duration deadline) {
    List<String> all = new ArrayList<>(List.of("capsule", "exec", service));
    all.addAll(command);
    return run("running a command in service " + service, deadline, all);
  }

  @Override
  public List<String> logs(@Nullable String service, int tail, Duration deadline) {
    List<String> arguments = new ArrayList<>(List.of("logs", "--tail", Integer.toString(tail)));
    if (service != null) {
      arguments.add(service);
    }
    return ask("reading its services' logs", deadline, arguments.toArray(String[]::new))
        .lines()
        .toList();
  }

  @Override
  public List<OutsidePath> outside(List<String> ignore, Duration deadline) {
    return list(
        "looking for state outside volumes", deadline, OutsidePath.class, with("diff", ignore));
  }

  @Override
  public List<DatabaseTable> tables(Duration deadline) {
    return list("asking its databases", deadline, DatabaseTable.class, "tables");
  }

  @Override
  public SqliteTables sqliteTables(DataVolume volume, Duration limit) {
    String doing = "counting the rows of SQLite files";
    ExecResult result =
        run(doing, limit.plus(SQLITE_GRACE), SqliteTables.commandForLive(volume.target(), limit));
    if (!result.ok()) {
      throw failure(doing, result.errorLine());
    }
    try {
      return Json.read(result.stdout(), SqliteTables.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public List<DatabaseCheck> checkDatabases(Duration deadline) {
    String doing = "checking its databases";
    try {
      return Json.readList(
          script(doing, "check-databases", List.of(), deadline), DatabaseCheck.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public List<FigureAnswer> figures(List<Invariant> invariants, Duration deadline) {
    String doing = "asking for the figures of invariants";
    List<FigureAnswer> answers = new ArrayList<>();
    try {
      List<String> arguments =
          List.of(
              "figures",
              Json.write(invariants.stream().map(each -> question(each, deadline)).toList()));
      JsonNode printed = Json.tree(script(doing, "ask-databases", arguments, deadline));
      for (int i = 0; i < invariants.size(); i++) {
        JsonNode answer = printed.path(i);
        String problem = answer.path("problem").asText();
        answers.add(
            problem.isEmpty()
                ? FigureAnswer.parse(invariants.get(i), answer.path("value").asText())
                : FigureAnswer.unknown(invariants.get(i), problem));
      }
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
    return answers;
  }

  /** An invariant as the script reads it; no answer may take longer than all of them together. */
  private static Map<String, Object> question(Invariant invariant, Duration deadline) {
    Map<String, Object> question = new TreeMap<>();
    question.put("name", invariant.name());
    question.put("service", invariant.service());
    Duration limit = invariant.timeout().compareTo(deadline) < 0 ? invariant.timeout() : deadline;
    question.put("seconds", limit.toMillis() / 1000.0);
    switch (invariant.figure()) {
      case Invariant.Query query -> {
        question.put("kind", "query");
        question.put("database", query.database());
        question.put("sql", query.sql());
      }
      case Invariant.Table table -> {
        question.put("kind", "query");
        question.put("database", table.database());
        question.put("table", table.table());
      }
      case Invariant.Files files -> {
        question.put("kind", "files");
        question.put("path", files.path());
      }
      case Invariant.Http http -> {
        question.put("kind", http.number() == null ? "digest" : "body");
        question.put("port", http.port());
        question.put("path", http.path());
      }
    }
    return question;
  }

  @Override
  public List<DatabaseSchema> schemas(Duration deadline) {
    return DatabaseSchema.parse(
        script(
            "asking its databases for their schemas",
            "ask-databases",
            List.of("schemas"),
            deadline));
  }

  @Override
  public SeededFiles seededFiles(Collection<String> paths, Duration deadline) {
    String doing = "looking at the release's files in its data";
    try {
      return Json.read(script(doing, "seeded-files", paths, deadline), SeededFiles.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public String diff(String path, String text, Duration deadline) {
    return script("comparing " + path, "file-diff", List.of(path, text), deadline);
  }

  /** Runs a script of ours, which the capsule's image need not have. */
  private String script(
      String doing, String name, Collection<String> arguments, Duration deadline) {
    List<String> command = new ArrayList<>(List.of("bash", "-c", resource(name), name));
    command.addAll(arguments);
    ExecResult result = run(doing, deadline, command);
    if (!result.ok()) {
      throw failure(doing, result.errorLine());
    }
    return result.stdout();
  }

  private static String resource(String name) {
    try (InputStream in = ContainerCapsule.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean applyFiles(@Nullable Policy changed, List<String> known, Duration deadline) {
    List<String> arguments = new ArrayList<>(List.of("apply"));
    if (changed != null) {
      arguments.add(changed.word());
    }
    arguments.addAll(known);
    return askFiles("updating the release's files in its data", arguments, deadline).isPresent();
  }

  @Override
  public FilesReport filesReport(Duration deadline) {
    String doing = "reading what became of the release's files";
    String answer = askFiles(doing, List.of("report"), deadline).orElse("{}");
    try {
      return answer.strip().equals("{}") ? FilesReport.NONE : Json.read(answer, FilesReport.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public List<ChangedFile> changedFiles(Duration deadline) {
    String doing = "comparing the release's files in its data";
    try {
      return Json.readList(askFiles(doing, List.of(), deadline).orElse("[]"), ChangedFile.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  /** Empty when the capsule is older than the command. */
  private Optional<String> askFiles(String doing, List<String> arguments, Duration deadline) {
    List<String> command = new ArrayList<>(List.of("capsule", "files"));
    command.addAll(arguments);
    ExecResult result = run(doing, deadline, command);
    if (result.exitCode() == USAGE) {
      return Optional.empty();
    }
    if (!result.ok()) {
      throw failure(doing, result.errorLine());
    }
    return Optional.of(result.stdout());
  }

  private <T> List<T> list(String doing, Duration deadline, Class<T> type, String... arguments) {
    String answer = ask(doing, deadline, arguments);
    try {
      return Json.readList(answer, type);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public TakenFiles takeIn(String from, String to, String path, Duration deadline) {
    String doing = "putting " + path + " in its place";
    try {
      return Json.read(
          script(doing, "take-in", List.of(from, to, path), deadline), TakenFiles.class);
    } catch (IllegalArgumentException e) {
      throw failure(doing, e);
    }
  }

  @Override
  public void mark(String word, Duration deadline) {
    ask("marking its data", deadline, "mark", word);
  }

  @Override
  public String mark(Duration deadline) {
    return ask("reading the mark of its data", deadline, "mark").strip();
  }

  @Override
  public void lease(int epoch, Duration deadline) {
    ask("setting its lease", deadline, "lease", Integer.toString(epoch));
  }

  private String ask(String doing, Duration deadline, String... arguments) {
    List<String> command = new ArrayList<>(List.of("capsule"));
    command.addAll(List.of(arguments));
    return output(doing, deadline, command);
  }

  private String output(String doing, Duration deadline, List<String> command) {
    ExecResult result = run(doing, deadline, command);
    if (!result.ok()) {
      throw failure(doing, result.errorLine());
    }
    return result.stdout();
  }

  private ExecResult run(String doing, Duration deadline, List<String> command) {
    try {
      return engine.exec(name, command, deadline);
    } catch (EngineException e) {
      throw failure(doing, e);
    }
  }

  /** How the container ended, with the telling line of its log. */
  private String howItEnded(Optional<ContainerInfo> container) {
    if (container.isEmpty()) {
      return "there is no such container";
    }
    String line = OutputText.tellingLine(String.join("\n", engine.logs(name, LAST_LINES)));
    return "it %s with code %d: %s"
        .formatted(
            container.get().state(),
            container.get().exitCode(),
            line.isEmpty() ? "no output" : line);
  }

  private CapsuleException failure(String doing, String reason) {
    return new CapsuleException("capsule %s: %s: %s".formatted(name, doing, reason));
  }

  private CapsuleException failure(String doing, Exception e) {
    return new CapsuleException("capsule %s: %s: %s".formatted(name, doing, e.getMessage()), e);
  }
}
