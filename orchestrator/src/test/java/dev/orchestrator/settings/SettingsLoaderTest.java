package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.GrantSettings.HostPath;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.settings.Settings.EngineSettings;
import dev.orchestrator.settings.Settings.ImageSettings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.Settings.TakeoverSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.testing.ConfigFolderFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsLoaderTest {

  @TempDir Path folder;

  @Test
  void theDefaultsAreThoseOfTheReference() throws IOException {
    Settings settings = ConfigFolderFixture.in(folder, "stack = demo", "").load();

    assertEquals(folder.resolve("orchestrator.conf"), settings.file());
    assertEquals(new EngineSettings("", Duration.ofSeconds(30)), settings.engine());
    assertEquals(new ApiSettings("127.0.0.1", 7070), settings.api());
    assertEquals(new ImageSettings("", folder.resolve("image"), false), settings.image());
    assertEquals(new ScheduleSettings(null, ZoneId.systemDefault()), settings.schedule());
    assertEquals(new TakeoverSettings(Duration.ofSeconds(30)), settings.takeover());
    assertEquals(
        new StackSettings(
            "demo",
            folder.resolve("stacks/demo"),
            List.of(),
            List.of(),
            new UpgradeSettings(
                    Duration.ofMinutes(30),
                    Duration.ofSeconds(60),
                    Duration.ofHours(12),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(20),
                    new VerifySettings(3, 1, Duration.ofMillis(100), Duration.ofSeconds(120)),
                    1)
                .withRehearse(RehearseSettings.OFF.with(RehearseSettings.Mode.ON)),
            new DataSettings(DataSettings.Strategy.AUTO, DataSettings.Quiesce.STOP, 1L << 30)),
        settings.stack());
  }

  @Test
  void aStackHasComposeFilesAndVariables() throws IOException {
    StackSettings stack =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                compose-files = [docker-compose.yml, deploy/prod.yml]
                env {
                  DB_PASSWORD = "tell no one"
                  TAG = 01.50
                  DEBUG = true
                }
                adopted-paths = [ { path = "/srv/photos", is = "./outside/srv/photos" } ]
                """)
            .load()
            .stack();

    assertEquals(Map.of("/srv/photos", "./outside/srv/photos"), stack.compose().adoptedPaths());
    assertEquals(List.of("docker-compose.yml", "deploy/prod.yml"), stack.compose().files());
    assertEquals(
        Map.of("DB_PASSWORD", "tell no one", "TAG", "01.50", "DEBUG", "true"),
        stack.compose().env());
    assertFalse(stack.toString().contains("tell no one"), "a secret may be in a message");
  }

  @Test
  void theRoutesMayBeThoseOfTheComposeFile() throws IOException {
    StackSettings stack =
        ConfigFolderFixture.in(folder, "stack = demo", "routes = auto").load().stack();
    assertTrue(stack.autoRoutes().isPresent());
    assertEquals(List.of(), stack.routes(), "until a version is known");
  }

  @Test
  void aStackHasRoutesAndProbes() throws IOException {
    StackSettings stack =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                name = shop
                routes = [
                  { name = web, listen = "127.0.0.1:8080", service = web, port = 80 }
                  { name = db, listen = 3306, service = db, port = 3306 }
                  { name = six, listen = "[::1]:8080", service = web, port = 80 }
                ]
                probes = [
                  { name = front-page, service = web, timeout = 3s
                    http { port = 80, path = "/index", status = 204, body = "Welcome.*" } }
                  { name = quick, service = web, http { port = 80, max-latency = 200ms } }
                  { name = both, service = web, timeout = 1s, http { port = 80, max-latency = 9s } }
                  { name = slow, service = web, http { port = 80, max-latency = 9s } }
                  { name = db-accepts, service = db, tcp { port = 3306 } }
                  { name = db-writes, service = db, exec { command = [mariadb, -e, "select 1"] } }
                ]
                """)
            .load()
            .stack();

    assertEquals("shop", stack.name());
    assertEquals(folder.resolve("stacks/demo/releases"), stack.releases());
    assertEquals(
        List.of(
            new RouteSettings("web", "127.0.0.1", 8080, "web", 80),
            new RouteSettings("db", "0.0.0.0", 3306, "db", 3306).withPath(RoutePath.AUTO),
            new RouteSettings("six", "0:0:0:0:0:0:0:1", 8080, "web", 80)),
        stack.routes());
    Probe first = stack.probes().getFirst();
    Probe.Http http = assertInstanceOf(Probe.Http.class, first.check());
    assertEquals("front-page web 80 /index 204", shown(first, http));
    assertTrue(Objects.requireNonNull(http.body()).matcher("-- Welcome to it").find());
    assertEquals(
        List.of(3000L, 200L, 1000L, 9000L, 5000L, 5000L),
        stack.probes().stream().map(probe -> probe.timeout().toMillis()).toList());
    assertEquals(new Probe.Http(80, "/", 200, null), stack.probes().get(1).check(), "the defaults");
    assertEquals(new Probe.Tcp(3306), stack.probes().get(4).check());
    assertEquals(
        new Probe.Exec(List.of("mariadb", "-e", "select 1")), stack.probes().get(5).check());
  }

  @Test
  void invariantsAreReadWithTheirDefaults() throws IOException {
    StackSettings stack =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                routes = [ { name = web, listen = 8080, service = web, port = 80 } ]
                invariants = [
                  { name = books, service = db, database = library, query = "select count(*) from books",
                    expect = ">= 0.99 * before", timeout = 2s }
                  { name = users, service = db, table = auth.users, expect = "= before" }
                  { name = files, service = web, files = "/srv/covers", bake = false }
                  { name = page, service = web, http { port = 80, path = "/about" } }
                  { name = total, service = web, http { port = 80, number = "total: ([0-9]+)" } }
                ]
                """)
            .load()
            .stack();

    assertEquals(
        List.of(
            "books db >= 0.99 * before 2000 true",
            "users db = before 10000 false",
            "files web >= before 10000 false",
            "page web = before 10000 false",
            "total web >= before 10000 true"),
        stack.invariants().stream()
            .map(each ->
                "%s %s %s %d %s"
                    .formatted(
                        each.name(),
                        each.service(),
                        each.expect(),
                        each.timeout().toMillis(),
                        each.bake()))
            .toList());
    assertEquals(
        List.of(
            new Invariant.Query("library", "select count(*) from books"),
            new Invariant.Table("", "auth.users"),
            new Invariant.Files("/srv/covers"),
            new Invariant.Http(80, "/about", null)),
        stack.invariants().stream().limit(4).map(Invariant::figure).toList());
  }

  @Test
  void aRouteHasOptionsForItsTraffic() throws IOException {
    List<RouteSettings> routes =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                routes = [
                  { name = web, listen = 80, service = web, port = 8080, protocol = http,
                    proxy-protocol = v2, accept-proxy-protocol = true, idle-timeout = 5m,
                    trust-forwarded = true, preview = "127.0.0.1:8090" }
                  { name = ftp, listen = "127.0.0.1:2100-2102", service = ftp, port = 21 }
                ]
                """)
            .load()
            .stack()
            .routes();
    RouteOptions web = routes.getFirst().options();
    assertEquals(Protocol.HTTP, web.protocol());
    assertEquals(ProxyProtocol.V2, web.sendProxyProtocol());
    assertTrue(web.acceptProxyProtocol() && web.trustForwarded());
    assertEquals(Duration.ofMinutes(5), web.idleTimeout());
    assertEquals(new ListenAddress("127.0.0.1", 8090), web.preview());
    RouteSettings ftp = routes.getLast();
    assertEquals(new ListenAddress("127.0.0.1", 2100, 2102), ftp.listen());
    assertEquals(List.of(21, 22, 23), ftp.servicePorts());
    assertEquals("ftp:21-23", ftp.inner());
    assertEquals(RouteOptions.of(Protocol.TCP), ftp.options());
  }

  @Test
  void theKernelLeadsTheClientsOfARouteWhereItCanUnlessThatSaysOtherwise() throws IOException {
    List<RouteSettings> routes =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                routes = [
                  { name = a, listen = 80, service = web, port = 80 }
                  { name = b, listen = 81, service = db, port = 81, path = kernel }
                  { name = c, listen = 53, service = dns, port = 53, protocol = udp }
                  { name = d, listen = 82, service = web, port = 80, path = proxy }
                  { name = e, listen = 83, service = web, port = 80, protocol = http }
                  { name = f, listen = 84, service = web, port = 80, idle-timeout = 5m }
                  { name = g, listen = 85, service = web, port = 80, proxy-protocol = v2 }
                  { name = h, listen = "127.0.0.1:86", service = web, port = 80 }
                ]
                """)
            .load()
            .stack()
            .routes();
    assertEquals(
        List.of(
            RoutePath.AUTO,
            RoutePath.KERNEL,
            RoutePath.AUTO,
            RoutePath.PROXY,
            RoutePath.PROXY,
            RoutePath.PROXY,
            RoutePath.PROXY,
            RoutePath.PROXY),
        routes.stream().map(RouteSettings::path).toList());
  }

  @Test
  void aUdpRouteMayHaveThePortOfATcpRoute() throws IOException {
    List<RouteSettings> routes =
        ConfigFolderFixture.in(
                folder,
                "stack = demo",
                """
                routes = [
                  { name = dns, listen = 53, service = dns, port = 53 }
                  { name = dns-udp, listen = 53, service = dns, port = 53, protocol = udp,
                    proxy-protocol = v2 }
                  { name = media, listen = "10000-10019", service = sfu, port = 10000,
                    protocol = udp, idle-timeout = 2m }
                ]
                """)
            .load()
            .stack()
            .routes();
    assertEquals("dns:53", routes.getFirst().inner());
    RouteSettings dns = routes.get(1);
    assertEquals("dns:53/udp", dns.inner());
    assertEquals("0.0.0.0:53/udp", dns.address());
    assertEquals("dns:53/udp", dns.portKey(53));
    assertEquals(Duration.ofSeconds(30), dns.options().idleTimeout());
    assertEquals(ProxyProtocol.V2, dns.options().sendProxyProtocol());
    assertEquals(Duration.ofMinutes(2), routes.getLast().options().idleTimeout());
    assertEquals(20, routes.getLast().servicePorts().size());
  }

  @Test
  void whatAUdpRouteCannotHaveIsRefusedAtOnce() throws IOException {
    ConfigFolderFixture config =
        ConfigFolderFixture.in(
            folder,
            "stack = demo",
            """
            routes = [
              { name = a, listen = 53, service = a, port = 53, protocol = udp,
                proxy-protocol = v1, accept-proxy-protocol = true, idle-timeout = 0s }
              { name = b, listen = 53, service = a, port = 54, protocol = udp }
            ]
            """);
    String all =
        String.valueOf(assertThrows(InvalidSettingsException.class, config::load).getMessage());
    for (String part :
        List.of(
            "v1 has no udp; write v2",
            "accept-proxy-protocol",
            "idle-timeout",
            "port 53 is taken by route \"a\"")) {
      assertTrue(all.contains(part), all);
    }
  }

  private static String shown(Probe probe, Probe.Http http) {
    return String.join(
        " ",
        probe.name(),
        probe.service(),
        String.valueOf(http.port()),
        http.path(),
        String.valueOf(http.status()));
  }

  @Test
  void aStackHasDataSettings() throws IOException {
    DataSettings data =
        ConfigFolderFixture.in(
                folder,
                "stack = demo\ndata { reserve = 2GiB, quiesce = freeze }",
                """
                data {
                  strategy = copy
                  services = [ { name = db, quiesce = stop } ]
                  hooks = [ { service = db, when = before, command = [flush, all], limit = 3s }
                            { service = app, when = after, command = [resume] } ]
                  verify = full, passes = 3, small = 1MiB, rollback = carry, allow-attach = true
                  ignore = ["/scratch"], accept-unused = [old, "./spool"]
                  import = [ { volume = db, from = shop_db } ]
                  volumes = [ { name = media, paths = ["./media/books", "podcasts"],
                                strategy = attach, immutable = true }
                              { name = torrents, paths = ["./torrents/"] } ]
                }
                """)
            .load()
            .stack()
            .data();

    assertEquals(
        new DataSettings(
            DataSettings.Strategy.COPY,
            DataSettings.Quiesce.FREEZE,
            Map.of("db", DataSettings.Quiesce.STOP),
            List.of(
                new Hook("db", Hook.When.BEFORE, List.of("flush", "all"), Duration.ofSeconds(3)),
                new Hook("app", Hook.When.AFTER, List.of("resume"), Duration.ofSeconds(10))),
            2L << 30,
            true,
            3,
            1L << 20,
            true,
            DataSettings.Rollback.CARRY,
            List.of("/scratch"),
            List.of("old", "./spool"),
            List.of(new VolumeImport("db", "shop_db")),
            List.of(
                new VolumeSettings(
                    "media",
                    List.of("binds/media/books", "volumes/podcasts"),
                    DataSettings.Strategy.ATTACH,
                    true),
                new VolumeSettings(
                    "torrents", List.of("binds/torrents"), DataSettings.Strategy.COPY, false))),
        data);
  }

  @Test
  void aStackOverridesTheFileAndTheFileTheReference() throws IOException {
    Settings settings =
        ConfigFolderFixture.in(
                folder,
                """
                stack = demo
                upgrade { hold-budget = 30s, bake = 0, verify.passes = 5 }
                data.reserve = 512MiB
                """,
                "upgrade { bake = 3s, drain-budget = 0, verify.deadline = 1m }")
            .load();

    UpgradeSettings upgrade = settings.stack().upgrade();
    assertEquals(Duration.ofSeconds(30), upgrade.hold());
    assertEquals(Duration.ofSeconds(3), upgrade.bake());
    assertEquals(Duration.ZERO, upgrade.drain());
    assertEquals(
        new VerifySettings(5, Duration.ofMillis(100), Duration.ofMinutes(1)), upgrade.verify());
    assertEquals(512L << 20, settings.stack().data().reserve());
  }

  @Test
  void everySettingOfOrchestratorConfIsRead() throws IOException {
    Files.createDirectories(folder.resolve("elsewhere/image"));
    Settings settings =
        ConfigFolderFixture.in(
                folder,
                """
                stack = demo
                home = ${STATE}/orchestrator
                engine { host = "tcp://127.0.0.1:2375", timeout = 1500ms }
                api.listen = "localhost:0"
                image { base = "docker:28-dind", folder = elsewhere/image }
                security.mode = privileged
                schedule { upgrade = "30 3 * * SUN", zone = Europe/Berlin }
                """
                    .replace("${STATE}", "${?NOTHING}state"),
                "")
            .load();

    assertEquals(folder.resolve("state/orchestrator"), settings.home());
    assertEquals(
        new EngineSettings("tcp://127.0.0.1:2375", Duration.ofMillis(1500)), settings.engine());
    assertEquals(new ApiSettings("127.0.0.1", 0), settings.api());
    assertEquals(
        new ImageSettings("docker:28-dind", folder.resolve("elsewhere/image"), true),
        settings.image());
    assertEquals(
        new ScheduleSettings("30 3 * * SUN", ZoneId.of("Europe/Berlin")), settings.schedule());
  }

  @Test
  void grantsAreAddedLineByLineAsMessagesWriteThem() throws IOException {
    GrantSettings grants =
        ConfigFolderFixture.in(
                folder,
                """
                stack = demo
                security.devices = ["/dev/dri"]
                """,
                """
                data.host-paths += { path = "/srv/media/", mode = rw }
                data.host-paths += { path = /lib/modules, mode = ro }
                security.capabilities += SYS_NICE
                security.capabilities += cap_ipc_lock
                security.host-network = true
                docker-socket = inner-write
                """)
            .load()
            .stack()
            .grants();
    assertEquals(
        new GrantSettings(
            List.of(new HostPath("/srv/media", false), new HostPath("/lib/modules", true)),
            GrantSettings.DockerSocket.INNER_WRITE,
            false,
            List.of("SYS_NICE", "IPC_LOCK"),
            List.of("/dev/dri"),
            true,
            false),
        grants);
  }

  @Test
  void aStackMayHaveAllRightsByItself() throws IOException {
    Settings settings =
        ConfigFolderFixture.in(folder, "stack = demo", "security.mode = privileged").load();
    assertTrue(settings.image().privileged());
    assertTrue(settings.stack().grants().privileged());
  }

  @Test
  void theEnvironmentReplacesVariablesAndNamesTheHomeFolder() throws IOException {
    ConfigFolderFixture config =
        ConfigFolderFixture.in(
            folder, "stack = ${STACK}\nhome = ~/state\nengine.host = ${?ENGINE}", "");
    Map<String, String> env = Map.of("STACK", "demo", "HOME", "/home/somebody");

    Settings settings = SettingsLoader.load(config.conf(), env);
    assertEquals(Path.of("/home/somebody/state"), settings.home());
    assertEquals("", settings.engine().address());

    Settings other =
        SettingsLoader.load(
            config.conf(), Map.of("STACK", "demo", HomeFolder.VARIABLE, "/elsewhere"));
    assertEquals(Path.of("/elsewhere"), other.home());
  }

  @Test
  void orchestratorConfIsValidAsItIsAndWithEveryExampleUncommented() throws IOException {
    Path ours = Path.of("../config/orchestrator.conf");
    ConfigFolderFixture config = ConfigFolderFixture.in(folder, Files.readString(ours), "");
    assertEquals("demo", config.load().stack().name());
    assertNull(config.load().schedule().upgrade());

    try (Stream<String> lines = Files.lines(ours)) {
      Files.write(
          config.conf(),
          lines.map(line -> line.replaceFirst("^# (?=[a-z.-]+ [={]|}|  )", "")).toList());
    }
    Settings settings = config.load();
    assertEquals("0 4 * * *", settings.schedule().upgrade());
    assertEquals(Path.of("/var/lib/orchestrator"), settings.home());
    assertEquals(Duration.ofSeconds(60), settings.stack().upgrade().hold());
    assertEquals("media", settings.stack().data().volumes().getFirst().name());
    assertEquals("db", settings.stack().data().hooks().getFirst().service());
  }

  /** A detached service works in the root folder, and who reads its messages does not. */
  @Test
  void aPathInAMessageIsRelativeToAFolderOfThePersonAlone() {
    Path file = Path.of("/srv/stacks/shop/stack.conf");
    assertEquals("shop/stack.conf", SettingsFile.displayName(file, Path.of("/srv/stacks")));
    assertEquals(file.toString(), SettingsFile.displayName(file, Path.of("/")));
    assertEquals(file.toString(), SettingsFile.displayName(file, Path.of("/home/me")));
  }
}
