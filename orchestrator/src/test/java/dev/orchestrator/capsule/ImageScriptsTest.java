package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The functions of {@code config/image/lib}, sourced by bash with a folder of the test in place of
 * the capsule's own folders, and with functions of the test in place of the inner engine.
 */
class ImageScriptsTest {
  private static final String PLACES =
      "s#=/run/capsule#=$PWD/run#; s#=/data#=$PWD/data#; s#=/capsule/stack#=$PWD/stack#;"
          + " s#=/proc/1/environ#=$PWD/environ#";

  private static final String PROGRAMS =
      """
      : >>environ
      PATH=$PWD/programs.d:$PATH
      program() { # NAME: a program with the text of standard input
        mkdir -p programs.d
        { builtin echo '#!/bin/bash'; cat; } >"programs.d/$1"
        chmod +x "programs.d/$1"
      }
      """;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** When the service's container has started. */
  private static final Instant STARTED = Instant.parse("2026-01-01T10:00:00Z");

  @TempDir Path capsule;

  @BeforeEach
  void makeFolders() throws IOException {
    for (String each : List.of("run", "data/.orchestrator", "stack", "upper")) {
      Files.createDirectories(capsule.resolve(each));
    }
    Files.writeString(capsule.resolve("stack/compose.json"), "{}");
    Files.writeString(capsule.resolve("stack/stack.json"), "{}");
  }

  @Test
  void whatIsOutsideTheVolumesIsToldWithItsSize() throws Exception {
    write("upper/var/cache/app/a", 9_000);
    write("upper/var/cache/app/b", 5_000);
    write("upper/etc/settings", 300);
    write("upper/opt/ignored/x", 10);
    JsonNode told =
        diff(
            List.of(
                Map.of("Path", "/var", "Kind", 0),
                Map.of("Path", "/var/cache", "Kind", 0),
                Map.of("Path", "/var/cache/app", "Kind", 1),
                Map.of("Path", "/var/cache/app/a", "Kind", 1),
                Map.of("Path", "/var/cache/app/b", "Kind", 1),
                Map.of("Path", "/etc", "Kind", 0),
                Map.of("Path", "/etc/settings", "Kind", 0),
                Map.of("Path", "/etc/gone", "Kind", 2),
                Map.of("Path", "/data", "Kind", 0),
                Map.of("Path", "/data/db", "Kind", 1),
                Map.of("Path", "/opt", "Kind", 0),
                Map.of("Path", "/opt/ignored", "Kind", 1)),
            "/opt/ignored/");
    List<String> lines = new ArrayList<>();
    for (JsonNode each : told) {
      lines.add(
          "%s %s %s %s %s"
              .formatted(
                  each.get("service").asText(),
                  each.get("kind").asText(),
                  each.get("path").asText(),
                  each.get("folder").asBoolean() ? "folder" : "file",
                  each.get("bytes").asLong() > 4_096 ? "large" : each.get("bytes").asLong() > 0));
    }
    assertEquals(
        List.of("app added /var/cache/app folder large", "app changed /etc/settings file true"),
        lines);
  }

  /** Containers in the manner of linuxserver's: accounts are edited, folders given to the user. */
  @Test
  void onlyWhatAServiceKeepsIsToldWithAPlaceForAVolume() throws Exception {
    String stack =
        """
        {"services": {"app": {"configs": [{"source": "motd"}, {"source": "x", "target": "/etc/x.conf"}],
          "secrets": [{"source": "key", "target": "/key"}]}}}
        """;
    Files.writeString(capsule.resolve("stack/compose.json"), stack);
    List<Map<String, Object>> changes = new ArrayList<>();
    for (String each :
        List.of(
            "/etc/passwd",
            "/etc/passwd-",
            "/etc/group",
            "/etc/shadow",
            "/etc/timezone",
            "/usr/sbin/docker-init",
            "/motd",
            "/etc/x.conf",
            "/key",
            "/srv/app/mount",
            "/mem/file",
            "/opt/app/__pycache__/a.pyc")) {
      write("upper" + each, 10);
      changes.add(Map.of("Path", each, "Kind", each.contains("passwd") ? 0 : 1));
    }
    for (String each : List.of("/srv/app", "/mem", "/opt/app/__pycache__", "/made/empty")) {
      Files.createDirectories(Path.of(capsule + "/upper" + each));
      changes.add(Map.of("Path", each, "Kind", 1));
    }
    // Of the image: given to another user; written at the start; written at work.
    for (String each : List.of("/opt/app/chowned", "/etc/nginx.conf", "/opt/app/settings")) {
      write("lower" + each, 10);
      write("upper" + each, 10);
      changes.add(Map.of("Path", each, "Kind", 0));
    }
    FileTime image = FileTime.from(Instant.parse("2025-01-01T00:00:00Z"));
    Files.setLastModifiedTime(capsule.resolve("lower/opt/app/chowned"), image);
    Files.setLastModifiedTime(capsule.resolve("upper/opt/app/chowned"), image);
    Files.setLastModifiedTime(
        capsule.resolve("upper/etc/nginx.conf"), FileTime.from(STARTED.plusSeconds(3)));
    Files.setLastModifiedTime(
        capsule.resolve("upper/opt/app/settings"), FileTime.from(STARTED.plusSeconds(3_600)));
    // New: beside the image's files, in a folder that the image has empty, in a new folder.
    Files.createDirectories(capsule.resolve("lower/var/lib/app"));
    for (String each : List.of("/opt/app/state.db", "/var/lib/app/state.db", "/home/u/.app/x")) {
      write("upper" + each, 10);
      changes.add(Map.of("Path", each, "Kind", 1));
    }
    changes.add(Map.of("Path", "/home/u/.app", "Kind", 1));
    Files.createSymbolicLink(capsule.resolve("upper/opt/app/link"), Path.of("/config"));
    changes.add(Map.of("Path", "/opt/app/link", "Kind", 1));

    List<String> lines = new ArrayList<>();
    diff(changes, "/srv/app/mount", "/mem")
        .forEach(
            each -> lines.add(each.get("path").asText() + " -> " + each.get("mount").asText()));
    assertEquals(
        List.of(
            "/home/u/.app -> /home/u/.app",
            "/opt/app/settings -> ",
            "/opt/app/state.db -> ",
            "/var/lib/app/state.db -> /var/lib/app"),
        lines.stream().sorted().toList());
  }

  @Test
  void namesWithTabsAndLinesAreToldAsTheyAre() throws Exception {
    String name = "/srv/b c\td\n\"\\e\u00e9";
    write("upper" + name, 5_000);
    JsonNode told = diff(List.of(Map.of("Path", name, "Kind", 1)));
    assertEquals(name, told.at("/0/path").asText());
    assertEquals(8_192, told.at("/0/bytes").asLong());
  }

  /** A service with 100,000 files outside its volumes took minutes when each started programs. */
  @Test
  void theNumberOfProgramsDoesNotGrowWithTheNumberOfPaths() throws Exception {
    JsonNode few = diff(paths(3));
    long programs = Files.readAllLines(capsule.resolve("programs")).size();
    assertEquals(3, few.size());
    Files.delete(capsule.resolve("programs"));
    JsonNode many = diff(paths(2_000));
    assertEquals(500, many.size());
    assertEquals(programs, Files.readAllLines(capsule.resolve("programs")).size());
  }

  /** A stop that comes while a start is under way: each tells its own failure. */
  @Test
  void aStartAndAStopSideBySideTellTheirOwnFailures() throws Exception {
    String said =
        bash(
            """
            source services.sh
            mkfifo begun goOn
            program docker <<'END'
            if [[ $* == *" up "* ]]; then
              echo "the start's own line"
              echo >begun
              read -r <goOn
            else
              echo "the stop's own line"
            fi
            exit 1
            END
            (compose up --detach) 2>start.err &
            start=$!
            read -r <begun
            (compose stop) 2>stop.err || true
            builtin echo >goOn
            wait $start || true
            cat start.err stop.err
            """);
    assertEquals(
        """
        capsule: compose up: the start's own line
        capsule: compose stop: the stop's own line
        """,
        said);
  }

  /** Waiting for what others write to the same disk is not for the time in which clients wait. */
  @Test
  void afterAnEarlyFlushOnlyWhatHasChangedSinceIsFlushed() throws Exception {
    write("data/volumes/db/old", 10);
    write("data/volumes/db/log", 10);
    write("data/extra/media/old", 10);
    for (String each : List.of("old", "log", "../db")) {
      Files.setLastModifiedTime(
          capsule.resolve("data/volumes/db").resolve(each), FileTime.from(STARTED));
    }
    assertEquals(
        """
        never flushed: -f data, -f data/extra/media
        early: -f data, -f data/extra/media
        then: data/volumes/db, data/volumes/db/log, data/volumes/db/new
        """,
        bash(
            """
            source volumes.sh
            program sync <<'END'
            [[ $1 != -- ]] || shift
            for each; do builtin echo "${each#"$PWD/"}" >>synced; done
            END
            tell() {
              builtin echo "$1: $(sort synced | paste -s -d , | sed 's/,/, /g; s/-f, -f, \\(.*\\), /-f \\1, -f /')"
              rm -f synced
            }
            flush_data
            tell 'never flushed'
            # What is older has a change time before this.
            now_ms() { builtin echo "$(($(date +%s%3N) + 2000))"; }
            flush_early
            tell early
            until (($(date +%s) > $(<"$FLUSHED"))); do read -r -t 0.1 <> <(:) || true; done
            builtin echo more >>data/volumes/db/log
            builtin echo new >data/volumes/db/new
            flush_data
            tell then
            """));
  }

  /** Also when another call of Compose has come and gone since the start has begun. */
  @Test
  void aStopEndsAStartThatIsUnderWay() throws Exception {
    String said =
        bash(
            """
            source services.sh
            mkfifo begun
            flush_data() { :; }
            unmount_clones() { :; }
            program docker <<'END'
            if [[ $* == *" up "* ]]; then
              trap 'echo "told to end"; exit 143' TERM
              echo >begun
              while :; do read -r -t 1 <> <(:) || true; done
            fi
            END
            (compose up --detach) 2>start.err &
            start=$!
            read -r <begun
            compose create
            stop_services
            wait $start || true
            cat start.err
            ls run
            """);
    assertEquals("capsule: compose up: told to end\nstop.lock\n", said);
  }

  /** What an export has left out is asked for before any service starts. */
  @Test
  void filesThatAnExportHasLeftOutAreAskedFor() throws Exception {
    Files.writeString(
        capsule.resolve("stack/stack.json"), "{\"secretFiles\": [\"secrets/key\", \"b.key\"]}");
    write("stack/release/b.key", 1);
    assertEquals(
        "capsule: the file secrets/key was left out of this image: mount it with --volume"
            + " FILE:%s/stack/release/secrets/key:ro\nended with 1\n".formatted(capsule),
        bash("source services.sh\n(require_secrets) 2>&1 || builtin echo \"ended with $?\""));
    write("stack/release/secrets/key", 1);
    assertEquals("", bash("source services.sh\nrequire_secrets 2>&1"));
  }

  @Test
  void aServicesStateTellsWhenItsHealthCheckComesAndWhatItIsFor() throws Exception {
    Files.writeString(
        capsule.resolve("stack/compose.json"),
        "{\"services\":{\"web\":{\"depends_on\":{\"db\":{}}},\"db\":{},\"init\":{}}}");
    Files.writeString(capsule.resolve("stack/stack.json"), "{\"oneShots\":[\"init\"]}");
    String said =
        bash(
            """
            source services.sh
            started=$(date -u -d '-10 seconds' +%Y-%m-%dT%H:%M:%S.123456789Z)
            checked=$(TZ=Etc/GMT-2 date -d '-4 seconds' +%Y-%m-%dT%H:%M:%S.1+02:00)
            label() { printf '{"com.docker.compose.service":"%s"}' "$1"; }
            inspect_services() {
              cat <<END
            {"Id":"1","Config":{"Labels":$(label web),"Healthcheck":{"Interval":60000000000}},
              "State":{"Status":"running","StartedAt":"$started","Health":{"Status":"starting"}}}
            {"Id":"2","Config":{"Labels":$(label db),"Healthcheck":{"Interval":90000000000,
              "StartPeriod":3000000000,"StartInterval":500000000}},
              "State":{"Status":"running","StartedAt":"$started",
              "Health":{"Status":"starting","Log":[{"End":"$checked","Output":"no"}]}}}
            {"Id":"4","Config":{"Labels":$(label app),"Healthcheck":{"Interval":30000000000,
              "StartPeriod":60000000000,"StartInterval":500000000,"Retries":5}},
              "State":{"Status":"running","StartedAt":"$started",
              "Health":{"Status":"healthy","Log":[{"End":"$checked","Output":"yes"}]}}}
            {"Id":"3","Config":{"Labels":$(label init)},
              "State":{"Status":"exited","StartedAt":"0001-01-01T00:00:00Z"}}
            END
            }
            printf '{"heals":{"db":2},"ends":{"db":[%s,5]}}' "$EPOCHSECONDS" >"$HEALTH"
            services_state | jq -r '.services[] | [.service, .mayEnd, (.dependsOn | join(" ")),
              .firstCheckMillis / 10000, (.nextCheckMillis / 10000 | ceil), .retries, .heals,
              .recentEnds]
              | map(tostring) | join(",")'
            """);
    assertEquals(
        """
        app,false,,0,3,5,0,0
        db,false,,0,9,3,2,1
        init,true,,0,0,3,0,0
        web,false,db,6,5,3,0,0
        """,
        said);
  }

  /** The engine and the time are this script's. */
  @Test
  void aServiceThatStaysUnhealthyIsRestartedWithLongerAndLongerPauses() throws Exception {
    assertEquals(
        """
        /containers/1a/stop at 10
        /containers/1a/start at 10
        /containers/1a/stop at 70
        /containers/1a/start at 70
        /containers/1a/stop at 190
        /containers/1a/start at 190
        {"heals":{"web":3},"ends":{}}
        nothing while it is off
        """,
        bash(
            """
            source services.sh
            source order.sh
            source heal.sh
            unset EPOCHSECONDS
            EPOCHSECONDS=1000000
            say() { :; }
            api() { builtin echo '[{"Id":"1a","Labels":{"com.docker.compose.service":"web"}}]'; }
            post() { builtin echo "$1 at $((EPOCHSECONDS - 1000000))"; }
            look_for() {
              local end=$((EPOCHSECONDS + $1))
              while ((EPOCHSECONDS < end)); do
                look_for_unhealthy
                EPOCHSECONDS=$((EPOCHSECONDS + 10))
              done
            }
            heal_on 2
            look_for 300
            cat "$HEALTH"
            heal_off
            look_for 900
            builtin echo nothing while it is off
            """));
  }

  /** The engine and the time are this script's. */
  @Test
  void theEngineIsAskedWhoIsUnhealthyOnlyWhereItHasSaidThatSomebodyIs() throws Exception {
    assertEquals(
        """
        at first: 1
        ten minutes in which nothing is said: 1
        unhealthy, for a minute: 6
        healed, for nine minutes: 1
        """,
        bash(
            """
            source services.sh
            source order.sh
            source heal.sh
            unset SECONDS
            SECONDS=1000
            unhealthy='[]'
            say() { :; }
            post() { :; }
            api() { builtin echo asked >>asked; builtin echo "$unhealthy"; }
            pass() {
              local end=$((SECONDS + $2))
              : >asked
              while ((SECONDS < end)); do
                look_when_due
                SECONDS=$((SECONDS + 10))
              done
              builtin echo "$1: $(wc -l <asked)"
            }
            heal_on 1000
            pass 'at first' 10
            pass 'ten minutes in which nothing is said' 600
            unhealthy='[{"Id":"1a","Labels":{"com.docker.compose.service":"web"}}]'
            note_event '{"Action": "health_status: unhealthy", "Actor": {"ID": "1a", "Attributes": {
              "com.docker.compose.service": "web"}}}'
            pass 'unhealthy, for a minute' 60
            unhealthy='[]'
            pass 'healed, for nine minutes' 540
            """));
  }

  @Test
  void onlyEndsWithAnErrorThatNobodyAskedForAreCounted() throws Exception {
    assertEquals(
        "1\n",
        bash(
            """
            source services.sh
            source order.sh
            source heal.sh
            event() {
              note_event "$(jq -nc '{Action: $ARGS.positional[0], Actor: {ID: "1a", Attributes: {
                "com.docker.compose.service": "web", exitCode: $ARGS.positional[1]}}}' --args "$@")"
            }
            event die 1
            event die 0
            event kill 0
            event die 137
            jq '.ends.web | length' "$HEALTH"
            """));
  }

  /**
   * Compose resolves "environment: [NAME]" inside the capsule, whose own variables are nobody's.
   */
  @Test
  void composeHasTheVariablesOfTheStackAndNoneOfTheCapsule() throws Exception {
    Files.writeString(capsule.resolve("stack/stack.json"), "{\"variables\": [\"SEED\"]}");
    String said =
        bash(
            """
            source services.sh
            program docker <<'END'
            declare -px >environment
            END
            printf '%s\\0' SEED=secret CAPSULE_MODE=managed >environ
            compose up
            grep -c SEED=.secret environment
            grep -cE 'CAPSULE_MODE|HOME|HOSTNAME|DOCKER_HOST' environment || true
            require_secrets
            : >environ
            (require_secrets) 2>&1 || true
            """);
    assertEquals(
        """
        1
        0
        capsule: secrets or configs need the variable SEED: run the container with --env SEED
        """,
        said);
  }

  @Test
  void anEpochWithLeadingZerosIsDecimal() throws Exception {
    assertEquals("8", take("", "08"));
    assertEquals("8", take("8", "08"));
    assertEquals("10", take("9", "010"));
  }

  /** The lease once a capsule with this epoch has taken it. */
  private String take(String held, String epoch) throws IOException, InterruptedException {
    Path lease = capsule.resolve("data/.orchestrator/lease");
    Files.deleteIfExists(lease);
    if (!held.isEmpty()) {
      Files.writeString(lease, held + "\n");
    }
    String said = bash("source lease.sh; CAPSULE_EPOCH=%s take_lease 2>&1".formatted(epoch));
    assertEquals("", said);
    return Files.readString(lease).split("\\s", 2)[0];
  }

  /** A copy of the data has a folder of its own, whatever has made it. */
  @Test
  void aLeaseBindsWhereItWasWrittenAndNotInACopy() throws Exception {
    String said =
        bash(
            """
            source lease.sh
            CAPSULE_EPOCH=7 take_lease
            refused() { (take_lease) 2>&1 && echo accepted || echo "exit $?"; }
            refused
            CAPSULE_EPOCH=7 refused
            CAPSULE_EPOCH=8 CAPSULE_MODE=managed refused
            cp -a data copy
            rm -r data
            mv copy data
            CAPSULE_EPOCH=8 CAPSULE_MODE=managed refused
            refused
            refused
            read_lease
            """);
    assertEquals(
        """
        capsule: refused: the data belongs to epoch 7, as a newer version or an orchestrator has\
         written it, and this capsule has epoch 0. Run it on a copy of the volume; or, when nothing\
         else will write to this one any more, with --env CAPSULE_EPOCH=7
        exit 3
        accepted
        capsule: refused: this capsule has epoch 8, its data belongs to epoch 7
        exit 3
        capsule: refused: this capsule has epoch 8, its data belongs to epoch 7
        exit 3
        capsule: the data is a copy of another volume, and is this capsule's own now
        accepted
        accepted
        0
        """,
        said);
  }

  /** Of a capsule before leases had a place: nobody can tell a copy. */
  @Test
  void aLeaseWithoutAPlaceIsTakenAtItsWord() throws Exception {
    Files.writeString(capsule.resolve("data/.orchestrator/lease"), "7\n");
    assertEquals(
        "exit 3\n",
        bash("source lease.sh; (take_lease) 2>>said && echo accepted || echo \"exit $?\""));
  }

  private List<Map<String, Object>> paths(int count) throws IOException {
    List<Map<String, Object>> paths = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      write("upper/srv/file" + i, 10);
      paths.add(Map.of("Path", "/srv/file" + i, "Kind", 1));
    }
    return paths;
  }

  /** What the capsule tells of a service with these changes, whose volume is at /data. */
  private JsonNode diff(List<Map<String, Object>> changes, String... ignored)
      throws IOException, InterruptedException {
    JSON.writeValue(capsule.resolve("changes").toFile(), changes);
    JSON.writeValue(
        capsule.resolve("container").toFile(),
        Map.of(
            "Id", "1a",
            "Config", Map.of("Labels", Map.of("com.docker.compose.service", "app")),
            "Mounts", List.of(Map.of("Destination", "/data")),
            "State", Map.of("StartedAt", STARTED.plusNanos(123_456_789).toString()),
            "GraphDriver",
                Map.of(
                    "Data",
                    Map.of(
                        "UpperDir", capsule + "/upper",
                        "LowerDir", capsule + "/lower-init:" + capsule + "/lower"))));
    return JSON.readTree(
        bash(
            """
            source outside.sh
            for program in jq du cut sort sed awk stat find xargs; do
              eval "$program() { builtin echo $program >>programs; command $program \\"\\$@\\"; }"
            done
            inspect_services() { cat container; }
            api() { cat changes; }
            services_diff %s
            """
                .formatted(String.join(" ", ignored))));
  }

  private void write(String file, int size) throws IOException {
    Path path = Path.of(capsule + "/" + file);
    Files.createDirectories(path.getParent());
    Files.write(path, new byte[size]);
  }

  /** What a script says that has sourced common.sh; {@code program} makes a program. */
  private String bash(String script) throws IOException, InterruptedException {
    return new ScriptRunner(capsule, PLACES, PROGRAMS).run(script);
  }
}
