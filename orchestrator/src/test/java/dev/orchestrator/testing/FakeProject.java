package dev.orchestrator.testing;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.adopt.OriginalContainer;
import dev.orchestrator.adopt.OriginalData;
import dev.orchestrator.adopt.OriginalPort;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A compose project on a {@link FakeHost}: a database with a volume and a published port, and a web
 * service that depends on it; and the packet filter of that host.
 */
public final class FakeProject implements FakeBehaviour {
  public static final String NAME = "photos";
  public static final String DB = "photos-db-1";
  public static final String WEB = "photos-web-1";
  public static final String VOLUME = "photos_db";
  public static final String POLICY = "unless-stopped";
  private static final String HEALTH_CHECK = "healthy";

  /** What the routes lead to while the project serves. */
  private static final String BACKEND = "project " + NAME;

  private static final int PORT = 13306;

  private final FakeHost host;

  /** Whether the project's port is redirected by a rule, which outlives processes. */
  public boolean redirected;

  /** Whether the host lets connections be redirected. */
  public boolean canRedirect = true;

  /** What was done with the project's services, in order. */
  public final List<String> events = new ArrayList<>();

  /** Whether a client has a connection to the project's database that is open still. */
  private boolean connected;

  public FakeProject(FakeHost host) {
    this.host = host;
  }

  /** Creates the project's containers and starts them. */
  public void up() {
    host.engine.createVolume(VOLUME, Map.of());
    create(DB, List.of(Mount.of(VOLUME, "/data")));
    create(WEB, List.of());
    host.engine.startContainer(DB);
    host.engine.startContainer(WEB);
  }

  private void create(String name, List<Mount> mounts) {
    host.engine.createContainer(
        ContainerSpec.helper(
            name,
            FakeHost.BASE_IMAGE,
            List.of("serve"),
            Map.of(Labels.VERSION, "original"),
            mounts));
    host.engine.setRestartPolicy(name, POLICY);
  }

  /** The project as it was read. */
  public Original original() {
    return new Original(
        NAME,
        List.of(
            container(WEB, "web", List.of("db"), List.of()),
            container(
                DB, "db", List.of(), List.of(new OriginalPort("127.0.0.1", PORT, 3306, "tcp")))),
        List.of(new OriginalData("volumes/db", VOLUME, null)));
  }

  private OriginalContainer container(
      String name, String service, List<String> dependsOn, List<OriginalPort> ports) {
    return new OriginalContainer(
        host.engine.container(name).orElseThrow().id(),
        name,
        service,
        POLICY,
        true,
        Duration.ofSeconds(10),
        dependsOn,
        ports,
        Set.copyOf(dependsOn),
        name.equals(DB) ? List.of(HEALTH_CHECK) : List.of());
  }

  public boolean isRunning() {
    return host.withoutOutage(() -> host.engine.container(DB))
        .filter(ContainerInfo::running)
        .isPresent();
  }

  @Override
  public OptionalInt run(FakeEngine engine, ContainerSpec spec, Consumer<String> line) {
    if (List.of(DB, WEB).contains(spec.name())) {
      events.add("start " + spec.name());
    }
    if (spec.name().equals(WEB) && !isRunning()) {
      host.violations.add("the web service runs without its database");
    }
    if (spec.name().equals(DB)) {
      host.writingContainers.add(DB);
      if (host.activeWriters().size() > 1) {
        host.violations.add("two writers: " + host.writingContainers);
      }
    }
    return OptionalInt.empty();
  }

  @Override
  public ExecResult exec(
      FakeEngine engine, ContainerSpec spec, List<String> command, Consumer<String> line) {
    if (command.getFirst().equals(HEALTH_CHECK)) {
      // The first check after a start finds the database at its recovery.
      boolean healthy = events.getLast().equals("not healthy");
      events.add(healthy ? "healthy" : "not healthy");
      return new ExecResult(healthy ? 0 : 1, "", "");
    }
    if (!spec.name().endsWith("-redirect")) {
      String words = String.join(" ", command);
      host.executedCommands.add(spec.name() + ": " + words);
      return host.failingCommands.contains(words)
          ? new ExecResult(1, "", words + " failed")
          : new ExecResult(0, "", "");
    }
    switch (command.get(1)) {
      case "add" -> redirected = true;
      case "clear" -> redirected = false;
      case "blocked" -> {
        return new ExecResult(0, "", "");
      }
      default -> {
        return canRedirect
            ? new ExecResult(0, network() + " nft", "")
            : new ExecResult(1, "", "no packet filter");
      }
    }
    return new ExecResult(0, "", "");
  }

  private static String network() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** After a restart of the engine, which starts what ran and is to be started again. */
  public void engineRestarted(boolean ran) {
    connected = false;
    for (String each : List.of(DB, WEB)) {
      if (ran && host.engine.restartPolicy(each).equals(POLICY)) {
        host.engine.startByItself(each);
      }
    }
  }

  /** The container that a client's write reaches now, or null where it waits or is refused. */
  public @Nullable String reached(FakeTraffic traffic) {
    boolean running = isRunning();
    connected &= running;
    if (connected) {
      return DB;
    }
    if (redirected) {
      return container(traffic.reachedByDetour());
    }
    String byRoute = traffic.reachedContainer();
    if (byRoute != null) {
      return container(byRoute);
    }
    connected = running && !traffic.open;
    return connected ? DB : null;
  }

  /** Whether a client that connects now is refused, rather than served or held. */
  public boolean refuses(FakeTraffic traffic) {
    return redirected ? !traffic.detoursOpen : !traffic.open && !isRunning();
  }

  private static @Nullable String container(@Nullable String backend) {
    return BACKEND.equals(backend) ? DB : backend;
  }

  /** Whether the project is stopped as an adoption leaves it. */
  public boolean isPutAway() {
    return List.of(DB, WEB).stream()
        .allMatch(each -> !host.isRunning(each) && host.engine.restartPolicy(each).equals("no"));
  }

  /** Whether the project runs as before an adoption. */
  public boolean isUp() {
    return List.of(DB, WEB).stream()
        .allMatch(each -> host.isRunning(each) && host.engine.restartPolicy(each).equals(POLICY));
  }

  /** Whether there is such a project on the host. */
  public boolean exists() {
    Optional<ContainerInfo> db = host.withoutOutage(() -> host.engine.container(DB));
    return db.isPresent();
  }
}
