package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.testing.ConfigFolderFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Wrong files, each with the line that explains what is wrong. */
class InvalidSettingsTest {

  private static final String ROUTE =
      "routes += { name = a, listen = \"127.0.0.1:8080\", service = web, port = 80 }\n";

  @TempDir Path folder;

  /** Line 2 of orchestrator.conf, and the message about it. */
  record Wrong(String text, String said) {}

  static List<Wrong> files() {
    return List.of(
        new Wrong("upgrad.bake = 1s", "upgrad: is not a setting; did you mean \"upgrade\"?"),
        new Wrong(
            "upgrade.holdBudgt = 1s",
            "upgrade.holdBudgt: is not a setting; did you mean \"hold-budget\"?"),
        new Wrong(
            "security.level = 1",
            "security.level: is not a setting; known: capabilities, devices, host-network, mode"),
        new Wrong(
            "upgrade.bake = 20", "upgrade.bake: 20 has no unit; add ms, s, m, h or d, as in 20s"),
        new Wrong(
            "upgrade.bake = 20 parsecs",
            "upgrade.bake: 20 parsecs is not a time; write a number with ms, s, m, h or d, as in"
                + " 60s"),
        new Wrong(
            "upgrade.bake = [1]",
            "upgrade.bake: a list is not a time; write a number with ms, s, m, h or d, as in 60s"),
        new Wrong("takeover.drain = 25h", "takeover.drain: 25h is out of range; write 0s to 1d"),
        new Wrong("takeover.wait = 1s", "takeover.wait: is not a setting; known: drain"),
        new Wrong("upgrade.bake = -5s", "upgrade.bake: -5s is out of range; write 0s to 7d"),
        new Wrong(
            "upgrade.hold-budget = 2h", "upgrade.hold-budget: 2h is out of range; write 1ms to 1h"),
        new Wrong(
            "upgrade.drain-budget = 60s",
            "upgrade.drain-budget: drain-budget (1m) must be less than hold-budget (1m); change"
                + " one of the two"),
        new Wrong(
            "upgrade.hold-budget = 1s",
            "upgrade.hold-budget: drain-budget (2s) must be less than hold-budget (1s); change"
                + " one of the two"),
        new Wrong(
            "upgrade.keep = 0",
            "upgrade.keep: 0 is not allowed; write a whole number from 1 to 100"),
        new Wrong(
            "upgrade.verify.passes = 2.5",
            "upgrade.verify.passes: 2.5 is not allowed; write a whole number from 1 to 1000"),
        new Wrong("upgrade.verify = 3", "upgrade.verify: is a number; write { … }"),
        new Wrong("engine = \"unix:///x\"", "engine: is a text; write { … }"),
        new Wrong(
            "data.reserve = 1 gigglebyte",
            "data.reserve: 1 gigglebyte is not a size; write for example 512MiB or 1GiB"),
        new Wrong(
            "data.strategy = move",
            "data.strategy: \"move\" is not known; write auto, copy, clone or attach"),
        new Wrong(
            "data.allow-attach = often",
            "data.allow-attach: often is neither true nor false; write true or false"),
        new Wrong(
            "data.ignore = [tmp]",
            "data.ignore: \"tmp\" is not a path in a container; write an absolute path such as"
                + " /tmp"),
        new Wrong(
            "data.services = [{name = db, quiesce = stop}, {name = db, quiesce = freeze}]",
            "data.services[1].name: \"db\" is given twice; remove one of the two"),
        new Wrong(
            "data.hooks = [{service = db, when = now, command = [x]}]",
            "data.hooks[0].when: \"now\" is not known; write before or after"),
        new Wrong(
            "data.hooks = [{service = db, when = after}]",
            "data.hooks[0].command: is missing; write command = [mariadb, -e, \"FLUSH TABLES\"]"),
        new Wrong(
            "data.volumes = [{paths = [media]}]",
            "data.volumes[0].name: is missing; write name = media"),
        new Wrong(
            "data.volumes = [{name = store, paths = [media]}]",
            "data.volumes[0].name: \"store\" is taken by the orchestrator; write another name"),
        new Wrong(
            "data.volumes = [{name = a, paths = [m]}, {name = a, paths = [n]}]",
            "data.volumes[1].name: \"a\" is the name of another volume; write a different name"),
        new Wrong(
            "data.volumes = [{name = a, paths = []}]",
            "data.volumes[0].paths: is empty; write [\"./media\"]"),
        new Wrong(
            "data.volumes = [{name = a, paths = [\"/srv/media\"]}]",
            "data.volumes[0].paths: \"/srv/media\" is neither a path below the release folder nor a"
                + " named volume; write ./media or media"),
        new Wrong(
            "data.volumes = [{name = a, paths = [\"./../x\"]}]",
            "data.volumes[0].paths: \"./../x\" is neither a path below the release folder nor a"
                + " named volume; write ./media or media"),
        new Wrong(
            "data.volumes = [{name = a, paths = [\"./m\"]}, {name = b, paths = [\"./m/books\"]}]",
            "data.volumes[1].paths: ./m and ./m/books overlap; write each place once"),
        new Wrong(
            "data.files = [{path = conf, policy = keep}]",
            "data.files[0].path: \"conf\" is not a path below the release folder; write ./conf"),
        new Wrong(
            "data.files = [{path = \"./conf\", policy = new}]",
            "data.files[0].policy: \"new\" is not known; write auto, release, keep or ask"),
        new Wrong(
            "data.volumes = [{name = a, paths = [m], immutable = 1}]",
            "data.volumes[0].immutable: 1 is neither true nor false; write true or false"),
        new Wrong(
            "security.mode = root",
            "security.mode: \"root\" is not known; write capabilities or privileged"),
        new Wrong(
            "engine.host = \"ssh://host\"",
            "engine.host: \"ssh://host\" is not an engine's address; write"
                + " unix:///var/run/docker.sock or tcp://HOST:PORT"),
        new Wrong(
            "api.listen = 7070",
            "api.listen: 0.0.0.0:7070 can be reached from outside; write a loopback address:"
                + " 127.0.0.1:7070"),
        new Wrong(
            "api.listen = \"127.0.0.1:99999\"",
            "api.listen: 99999 is not a port; write a number from 0 to 65535"),
        new Wrong(
            "image.folder = nowhere",
            "image.folder: there is no folder nowhere; name the folder with the capsule's"
                + " Dockerfile"),
        new Wrong(
            "image.base = \"a b\"",
            "image.base: \"a b\" is not an image's name; write for example docker:28-dind"),
        new Wrong(
            "schedule.upgrade = \"0 4 * *\"",
            "schedule.upgrade: \"0 4 * *\" is not a cron expression (Cron expression contains 4"
                + " parts but we expect one of [5]); write minute hour day month weekday, such as"
                + " \"0 4 * * *\""),
        new Wrong(
            "schedule.upgrade = \"0 25 * * *\"",
            "schedule.upgrade: \"0 25 * * *\" is not a cron expression (Value 25 not in range [0,"
                + " 23]); write minute hour day month weekday, such as \"0 4 * * *\""),
        new Wrong(
            "schedule.upgrade = \"0 4 31 2 *\"",
            "schedule.upgrade: \"0 4 31 2 *\" never comes; write a day that the month has"),
        new Wrong(
            "schedule.zone = Europe/Berln",
            "schedule.zone: \"Europe/Berln\" is not a time zone; did you mean \"Europe/Berlin\"?"),
        new Wrong(
            "schedule.zone = Mars",
            "schedule.zone: \"Mars\" is not a time zone; write for example Europe/Berlin or UTC"),
        new Wrong("home = \"a\\u0000b\"", "home: Nul character not allowed: a?b"),
        new Wrong("home = [a]", "home: is a list; write a text"),
        new Wrong(
            "stack = demoo", "stack: there is no stacks/demoo/stack.conf; did you mean \"demo\"?"),
        new Wrong(
            "stack = \"../demo\"",
            "stack: \"../demo\" is not a valid name; write up to 40 of a-z, 0-9, - and _, a letter"
                + " or digit first"),
        new Wrong(
            "stacks-folder = other",
            "stack: there is no other/demo/stack.conf; there are no stacks in other"),
        new Wrong(
            "home = ${NOWHERE}",
            "Could not resolve substitution to a value: ${NOWHERE}; set it in the environment, or"
                + " write ${?NAME} for a variable that may be missing"),
        new Wrong(
            "api.listen = 127.0.0.1:7070",
            "Expecting end of input or a comma, got ':' (if you intended ':' to be part of a key or"
                + " string value, try enclosing the key or value in double quotes)"));
  }

  @ParameterizedTest
  @MethodSource("files")
  void aWrongFileIsExplainedInOneLine(Wrong wrong) throws IOException {
    String said = ConfigFolderFixture.in(folder, "stack = demo\n" + wrong.text, "").problems();
    int line = wrong.text.startsWith("stacks-folder") ? 1 : 2;
    assertEquals("orchestrator.conf:" + line + ": " + wrong.said, said);
  }

  /** Line 2 and following of a stack.conf that has a route in its first line. */
  static List<Wrong> stacks() {
    return List.of(
        new Wrong(
            "image = x",
            "2: image: is not a setting; known: adopted-paths, backup, compose-files, data,"
                + " docker-socket, env, heal, invariants, name, probes, rehearse, routes, schedule,"
                + " secrets, security, snapshots, upgrade"),
        new Wrong(
            "docker-socket = outer",
            "2: docker-socket: \"outer\" is not known; write inner, inner-write or none"),
        new Wrong(
            "security.capabilities = [SYS_NIC]",
            "2: security.capabilities: \"SYS_NIC\" is not a capability; did you mean"
                + " \"SYS_NICE\"?"),
        new Wrong(
            "security.devices = [tun]",
            "2: security.devices: \"tun\" is not a device; write a path such as /dev/dri, or a rule"
                + " such as \"c 188:* rwm\""),
        new Wrong(
            "data.host-paths = [ { path = srv, mode = rw } ]",
            "2: data.host-paths[0].path: \"srv\" is not a path of the host; write an absolute path"
                + " such as /srv/media, without quotes or commas"),
        new Wrong(
            "data.host-paths = [ { path = /etc, mode = ro } ]",
            "2: data.host-paths[0].path: /etc has the host's passwords and settings; name a folder"
                + " of the data alone"),
        new Wrong(
            "data.host-paths = [ { path = /srv, mode = w } ]",
            "2: data.host-paths[0].mode: \"w\" is not known; write rw or ro"),
        new Wrong(
            "name = \"Demo!\"",
            "2: name: \"Demo!\" is not a valid name; write up to 40 of a-z, 0-9, - and _, a letter"
                + " or digit first"),
        new Wrong("routes = {}", "2: routes: is an object; write a list: [ … ]"),
        new Wrong("routes += 8080", "2: routes[1]: is a number; write { … }"),
        new Wrong(
            "routes += { name = b, listen = 8080, service = db, port = 3306 }",
            "2: routes[1].listen: port 8080 is taken by route \"a\"; write another port"),
        new Wrong(
            "routes += { name = b, listen = \"127.0.0.1:7070\", service = db, port = 3306 }",
            "2: routes[1].listen: 127.0.0.1:7070 is the API's (api.listen); write another port"),
        new Wrong(
            "routes += { name = a, listen = 1, service = db, port = 3306 }",
            "2: routes[1].name: \"a\" is the name of another route; write a different name"),
        new Wrong(
            "\n\nroutes += { name = b, listen = 1,\n service = db,\n port = 333306 }",
            "6: routes[1].port: 333306 is not allowed; write a whole number from 1 to 65535"),
        new Wrong(
            "routes += { name = b, listen = 1, service = db }",
            "2: routes[1].port: is missing; write a number from 1 to 65535"),
        new Wrong(
            "routes += { name = b, service = db, port = 1 }",
            "2: routes[1].listen: is missing; write listen = \"127.0.0.1:8080\""),
        new Wrong(
            "routes += { name = b, listen = \"300.1.1.1:80\", service = db, port = 1 }",
            "2: routes[1].listen: \"300.1.1.1\" is not an address of this machine; write an IP"
                + " address such as 127.0.0.1, 0.0.0.0 (all interfaces) or [::1]"),
        new Wrong(
            "routes += { name = b, listen = \"example.org:80\", service = db, port = 1 }",
            "2: routes[1].listen: \"example.org\" is not an address of this machine; write an IP"
                + " address such as 127.0.0.1, 0.0.0.0 (all interfaces) or [::1]"),
        new Wrong(
            "routes += { name = b, listen = \"web\", service = db, port = 1 }",
            "2: routes[1].listen: \"web\" is not an address; write \"127.0.0.1:8080\", or 8080 for"
                + " all interfaces"),
        new Wrong(
            "routes += { name = b, listen = \"80-79\", service = db, port = 1 }",
            "2: routes[1].listen: 80-79 is not a range; write FIRST-LAST, of at most 1000 ports"),
        new Wrong(
            "routes += { name = b, listen = \"8070-8090\", service = db, port = 1 }",
            "2: routes[1].listen: port 8070-8090 is taken by route \"a\"; write another port"),
        new Wrong(
            "routes += { name = b, listen = \"80-90\", service = db, port = 65530 }",
            "2: routes[1].port: 65530 and the 10 ports behind it go beyond 65535; write a smaller"
                + " port"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, protocol = sctp }",
            "2: routes[1].protocol: \"sctp\" is not known; write tcp, http or udp"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, proxy-protocol = v3 }",
            "2: routes[1].proxy-protocol: \"v3\" is not known; write off, v1 or v2"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, path = fast }",
            "2: routes[1].path: \"fast\" is not known; write auto, kernel or proxy"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, protocol = http, path ="
                + " kernel }",
            "2: routes[1].path: kernel can't be with protocol = http, which the proxy does; leave"
                + " one of the two out"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, idle-timeout = 5m, path ="
                + " kernel }",
            "2: routes[1].path: kernel can't be with idle-timeout, which the proxy does; leave one"
                + " of the two out"),
        new Wrong(
            "routes = automatic",
            "2: routes: \"automatic\" is not known; write auto, for the ports that the compose file"
                + " publishes, or a list: [ … ]"),
        new Wrong(
            "routes += { name = b, listen = \"81-82\", service = db, port = 1, verify = true }",
            "2: routes[1].verify: is for a tcp or http route with one port; leave it out, or write"
                + " a route for that port"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, idle-timeout = 5 }",
            "2: routes[1].idle-timeout: 5 has no unit; add ms, s, m, h or d, as in" + " 5s"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, trust-forwarded = true }",
            "2: routes[1].trust-forwarded: needs protocol = http; write that too, or leave this"
                + " setting out"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1,"
                + " accept-proxy-protocol = perhaps }",
            "2: routes[1].accept-proxy-protocol: perhaps is not known; write true or false"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, preview = 81 }",
            "2: routes[1].preview: overlaps the route's own listen; write another port"),
        new Wrong(
            "routes += { name = b, listen = 81, service = db, port = 1, preview = 8080 }",
            "2: routes[1].preview: port 8080 is taken by route \"a\"; write another port"),
        new Wrong(
            "routes += { name = b, listen = \"81-83\", service = db, port = 1, preview = 91 }",
            "2: routes[1].preview: has 1 ports and listen has 3; give both as many ports"),
        new Wrong(
            "routes += { name = b, listen = 81, service = \"d b\", port = 1 }",
            "2: routes[1].service: \"d b\" can't be a service of a compose file; write its name"
                + " there"),
        new Wrong(
            "probes = [ { name = p, service = web } ]",
            "2: probes[0]: checks nothing; write http { … }, tcp { … } or exec { … }"),
        new Wrong(
            "probes = [ { name = p, service = web, tcp { port = 1 }, exec { command = [a] } } ]",
            "2: probes[0]: has tcp and exec; write http { … }, tcp { … } or exec { … }"),
        new Wrong(
            "probes = [ { name = p, service = web, http { port = 80, body = \"(\" } } ]",
            "2: probes[0].http.body: \"(\" is not a regular expression (Unclosed group, near index"
                + " 1); put \\\\ before a character that stands for itself"),
        new Wrong(
            "probes = [ { name = p, service = web, http { port = 80, path = index } } ]",
            "2: probes[0].http.path: \"index\" is not a path; write for example /health,"
                + " percent-encoded"),
        new Wrong(
            "probes = [ { name = p, service = web, http { port = 80, status = 20 } } ]",
            "2: probes[0].http.status: 20 is not allowed; write a whole number from 100 to 599"),
        new Wrong(
            "probes = [ { name = p, service = web, http { port = 80, max-latency = 0s } } ]",
            "2: probes[0].http.max-latency: 0s is out of range; write 1ms to 10m"),
        new Wrong(
            "probes = [ { name = p, service = web, exec { command = \"ls\" } } ]",
            "2: probes[0].exec.command: is a text; write a list: [ … ]"),
        new Wrong(
            "probes = [ { name = p, service = web, exec { command = [] } } ]",
            "2: probes[0].exec.command: is empty; write [\"mariadb\", \"-e\", \"select 1\"]"),
        new Wrong(
            "probes = [ { name = p, service = web, tcp { prt = 1, port = 2 } } ]",
            "2: probes[0].tcp.prt: is not a setting; did you mean \"port\"?"),
        new Wrong(
            "probes = [ { name = p, service = web, tcp = 3306 } ]",
            "2: probes[0].tcp: is a number; write { … }"),
        new Wrong(
            "invariants = [ { name = books, service = db } ]",
            "2: invariants[0]: asks for nothing; write query = \"select …\", table = books, files ="
                + " \"/path\" or http { … }"),
        new Wrong(
            "invariants = [ { name = books, service = db, table = books, files = \"/x\" } ]",
            "2: invariants[0]: has table and files; write query = \"select …\", table = books,"
                + " files = \"/path\" or http { … }"),
        new Wrong(
            "invariants = [ { name = books, service = db, table = books },"
                + " { name = books, service = db, table = books } ]",
            "2: invariants[1].name: \"books\" is the name of another invariant; write a different"
                + " name"),
        new Wrong(
            "invariants = [ { name = books, service = db, table = \"books; drop\" } ]",
            "2: invariants[0].table: \"books; drop\" is not a table's name; write books or"
                + " shop.books, or a query"),
        new Wrong(
            "invariants = [ { name = books, service = db, table = books, expect = \"99%\" } ]",
            "2: invariants[0].expect: \"99%\" is not an expectation; write for example \">= 0.99 *"
                + " before\", \"= before\", \">= before - 10\" or \"> 0\""),
        new Wrong(
            "invariants = [ { name = covers, service = web, files = covers } ]",
            "2: invariants[0].files: \"covers\" is not an absolute path; write a path in the"
                + " container"),
        new Wrong(
            "invariants = [ { name = covers, service = web, files = \"/c\", database = x } ]",
            "2: invariants[0].database: is for a query or a table; leave it out"),
        new Wrong(
            "invariants = [ { name = total, service = web, http { port = 80, number = total } } ]",
            "2: invariants[0].http.number: \"total\" must have one group, around the number; write"
                + " for example \"total: ([0-9]+)\""),
        new Wrong(
            "invariants = [ { name = page, service = web, http { port = 80 }, expect = \"> 0\" } ]",
            "2: invariants[0].expect: a body is the same or is not; write \"= before\", or"
                + " http.number to find a number in it"),
        new Wrong(
            "invariants = [ { name = a, service = db, table = b, expected = \"> 0\" } ]",
            "2: invariants[0].expected: is not a setting; did you mean \"expect\"?"),
        new Wrong(
            "compose-files = [\"../compose.yaml\"]",
            "2: compose-files: \"../compose.yaml\" is not a file of a release; write its path from"
                + " the release's folder, such as docker-compose.yml"),
        new Wrong(
            "compose-files = [a.yml, a.yml]",
            "2: compose-files: \"a.yml\" is given twice; remove one of the two"),
        new Wrong(
            "adopted-paths = [ { path = /srv/a, is = ../a } ]",
            "2: adopted-paths[0].is: \"../a\" is not a path in the release's folder; write for"
                + " example ./outside/srv/photos"),
        new Wrong(
            "adopted-paths = [ { path = a, is = ./b } ]",
            "2: adopted-paths[0].path: \"a\" is in the release's folder already; write a path of"
                + " the host"),
        new Wrong("env = [A]", "2: env: is a list; write { … }"),
        new Wrong(
            "env { \"A-B\" = tell-no-one }",
            "2: env.A-B: is not a variable's name; write letters, digits and _, no digit first"),
        new Wrong("env { A = [tell-no-one] }", "2: env.A: is a list; write a text"),
        new Wrong("upgrade.kep = 2", "2: upgrade.kep: is not a setting; did you mean \"keep\"?"),
        new Wrong("routes += {", "2: expecting a close parentheses ')' here, not: end of file"));
  }

  @ParameterizedTest
  @MethodSource("stacks")
  void aWrongStackIsExplainedInOneLine(Wrong wrong) throws IOException {
    String said = ConfigFolderFixture.in(folder, "stack = demo", ROUTE + wrong.text).problems();
    assertEquals("stacks/demo/stack.conf:" + wrong.said, said);
  }

  @Test
  void allErrorsAreToldInTheOrderOfFilesAndLines() throws IOException {
    String said =
        ConfigFolderFixture.in(
                folder,
                "security.mode = x\nstack = demo\nupgrade.bake = 20\nstak = demo",
                "upgrade.keep = no\nname = A")
            .problems();
    assertEquals(
        """
        orchestrator.conf:1: security.mode: "x" is not known; write capabilities or privileged
        orchestrator.conf:3: upgrade.bake: 20 has no unit; add ms, s, m, h or d, as in 20s
        orchestrator.conf:4: stak: is not a setting; did you mean "stack"?
        stacks/demo/stack.conf:1: upgrade.keep: no is not allowed; write a whole number from 1 to 100
        stacks/demo/stack.conf:2: name: "A" is not a valid name; write up to 40 of a-z, 0-9, - and _, a letter or digit first\
        """,
        said);
  }

  @Test
  void aStackOfSeveralMustBeNamed() throws IOException {
    ConfigFolderFixture config = ConfigFolderFixture.in(folder, "# nothing", "");
    assertEquals("demo", config.load().stack().name());
    Files.createDirectories(folder.resolve("stacks/shop"));
    Files.writeString(folder.resolve("stacks/shop/stack.conf"), "");
    assertEquals("orchestrator.conf: stack: is missing; write stack = demo", config.problems());
  }

  @Test
  void aMissingFileAndAFolderAreErrors() throws IOException {
    ConfigFolderFixture config = ConfigFolderFixture.in(folder, "stack = demo", "");
    Files.delete(config.conf());
    assertEquals("orchestrator.conf: there is no such file; check the path", config.problems());

    Files.createDirectory(config.conf());
    assertEquals(
        "orchestrator.conf: is not a regular file; name a configuration file", config.problems());

    Files.delete(config.conf());
    Files.write(config.conf(), new byte[] {'#', '\n', '#', (byte) 0xff, '\n'});
    assertEquals("orchestrator.conf:2: is not UTF-8 text; save it as UTF-8", config.problems());

    Files.writeString(config.conf(), "#".repeat(2_000_000));
    assertEquals(
        "orchestrator.conf: is larger than 1 MiB; is it the right file?", config.problems());

    Files.writeString(config.conf(), "a = " + "[".repeat(500_000));
    assertEquals("orchestrator.conf: nested too deep; remove some brackets", config.problems());
  }
}
