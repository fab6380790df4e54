package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.CapsuleStack.SeedFile;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.VolumeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The places of a stack's data in a capsule. */
class DataMappingTest {
  @TempDir Path release;
  private ComposeModel model = ComposeModelFixture.of(Path.of("/"), "{}");
  private List<String> dirs = List.of();
  private List<SeedFile> seeds = List.of();
  private List<VolumeSettings> own = List.of();
  private List<String> imported = List.of();
  private List<String> warnings = List.of();
  private List<String> variables = List.of();

  @BeforeEach
  void setUp() throws IOException {
    Files.createDirectories(release.resolve("conf/sites"));
    Files.writeString(release.resolve("conf/app.ini"), "a=1");
  }

  @Test
  void namedVolumeLivesBelowData() {
    map(
        "{services: {db: {volumes: [{type: 'volume', source: 'db', target: '/var/lib/db'}]}},"
            + "volumes: {db: {name: 'demo_db'}}}");

    JsonNode volume = model.root().at("/volumes/db");
    assertEquals("local", volume.path("driver").asText());
    assertEquals(
        "{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/data/volumes/db\"}",
        volume.path("driver_opts").toString());
    assertEquals("demo_db", volume.path("name").asText());
    assertEquals(List.of("/data/volumes/db"), dirs);
  }

  @Test
  void anonymousAndImageVolumesGetNamesThatStay() {
    map("{services: {db: {volumes: [{type: 'volume', target: '/cache'}]}}}", "/var/lib/db/");

    JsonNode mounts = model.root().at("/services/db/volumes");
    String cache = mounts.at("/0/source").asText();
    String image = mounts.at("/1/source").asText();
    assertTrue(cache.matches("anon-db-cache-[0-9a-f]{6}"), cache);
    assertTrue(image.matches("anon-db-var-lib-db-[0-9a-f]{6}"), image);
    assertEquals("/var/lib/db/", mounts.at("/1/target").asText());
    assertEquals(List.of("/data/volumes/" + cache, "/data/volumes/" + image), dirs);
  }

  @Test
  void pathWithADollarSignIsThatPath() throws IOException {
    Files.writeString(release.resolve("conf/$HOME"), "x");
    assertEquals("/capsule/stack/release/conf/$$HOME", bind("PROJECT/conf/$$HOME", true));
    assertEquals("/data/binds/conf/$$HOME", bind("PROJECT/conf/$$HOME", false));
    assertEquals(
        List.of(new SeedFile("/capsule/stack/release/conf/$HOME", "/data/binds/conf/$HOME")),
        seeds);
    map(
        "{services: {a: {security_opt: ['seccomp:conf/$$HOME']}},"
            + "configs: {c: {file: 'PROJECT/conf/$$HOME'}},"
            + "volumes: {v: {driver_opts: {type: 'none', o: 'bind', device: 'PROJECT/$$x'}}}}",
        "/image/$y");
    assertEquals("/capsule/stack/release/conf/$$HOME", model.root().at("/configs/c/file").asText());
    assertEquals("/data/binds/$$x", model.root().at("/volumes/v/driver_opts/device").asText());
    assertEquals(
        "seccomp:/capsule/stack/release/conf/$$HOME",
        model.root().at("/services/a/security_opt/0").asText());
    assertEquals("/image/$$y", model.root().at("/services/a/volumes/0/target").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"scale: 3", "deploy: {replicas: 3}"})
  void replicasShareNoAnonymousVolume(String replicas) {
    map(
        "{services: {db: {%s, volumes: [{type: 'volume', target: '/cache'}, {type: 'volume', source: 'd', target: '/d'}]}}, volumes: {d: {}}}"
            .formatted(replicas),
        "/var/lib/db/");
    assertEquals(
        "[{\"type\":\"volume\",\"target\":\"/cache\"},"
            + "{\"type\":\"volume\",\"source\":\"d\",\"target\":\"/d\"}]",
        model.root().at("/services/db/volumes").toString());
    assertEquals(List.of("/data/volumes/d"), dirs);
    assertEquals(
        List.of(
            "service db: each of its 3 containers has a volume of its own at /cache, /var/lib/db,"
                + " as in plain Compose: it begins empty in each version; write a named volume to"
                + " keep what is in it"),
        warnings);
  }

  @ParameterizedTest
  @ValueSource(strings = {"db", "db:ro", "between"})
  void whatAServiceHasFromAnotherIsNotHiddenByItsImage(String from) {
    map(
        "{services: {db: {volumes: [{type: 'volume', source: 'd', target: '/var/lib/db'}]},"
            + "between: {volumes_from: ['db:rw']}, backup: {volumes_from: ['%s']}},".formatted(from)
            + "volumes: {d: {}}}",
        "/var/lib/db/",
        "/image");
    assertEquals(2, model.root().at("/services/db/volumes").size());
    assertFalse(model.root().at("/services/backup").has("volumes"));
    assertEquals(2, dirs.size());
  }

  @Test
  void imageVolumeThatIsMountedAlreadyIsLeftAlone() {
    map(
        "{services: {db: {tmpfs: ['/tmp:size=1m'],"
            + "volumes: [{type: 'bind', source: 'PROJECT/data', target: '/var/lib/db/'}]}}}",
        "/var/lib/db",
        "/tmp");
    assertEquals(1, model.root().at("/services/db/volumes").size());
    assertEquals(List.of("/data/binds/data"), dirs);
  }

  @Test
  void readOnlyFileOfTheReleaseStaysWithTheVersion() {
    assertEquals("/capsule/stack/release/conf/app.ini", bind("PROJECT/conf/app.ini", true));
    assertEquals("/capsule/stack/release", bind("PROJECT", true));
    assertEquals(List.of(), dirs);
    assertEquals(List.of(), seeds);
  }

  @Test
  void writtenFileOfTheReleaseIsCopiedToTheDataOnce() {
    assertEquals("/data/binds/conf/app.ini", bind("PROJECT/conf/app.ini", false));
    assertEquals(
        List.of(new SeedFile("/capsule/stack/release/conf/app.ini", "/data/binds/conf/app.ini")),
        seeds);
  }

  @Test
  void whatTheReleaseDoesNotHaveIsAFolderOfTheData() {
    assertEquals("/data/binds/downloads/new", bind("PROJECT/downloads/new", false));
    assertEquals(List.of("/data/binds/downloads/new"), dirs);
    assertEquals("/data/binds/none", bind("PROJECT/none", true));
  }

  @Test
  void readerSeesWhatAnotherServiceWrites() {
    map(
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/conf', target: '/c'}]},b:"
            + " {volumes: [{type: 'bind', source: 'PROJECT/conf/app.ini', target: '/i', read_only:"
            + " true}]}}}");
    assertEquals("/data/binds/conf", model.root().at("/services/a/volumes/0/source").asText());
    assertEquals(
        "/data/binds/conf/app.ini", model.root().at("/services/b/volumes/0/source").asText());
    // A folder is copied before a file in it: else the folder would exist, and not be copied.
    assertEquals(
        List.of("/data/binds/conf", "/data/binds/conf/app.ini"),
        seeds.stream().map(SeedFile::to).toList());
  }

  private static final String WHOLE =
      "{type: 'bind', source: 'PROJECT', target: '/app', read_only: true}";

  /** The mounts of a service as "source target". */
  private List<String> mounts(String service) {
    List<String> found = new ArrayList<>();
    model
        .root()
        .at("/services/" + service + "/volumes")
        .forEach(mount -> {
          found.add(mount.path("source").asText() + " " + mount.path("target").asText());
          assertEquals("bind", mount.path("type").asText());
        });
    return found;
  }

  /** As the first start of a workflow engine does, which makes its folders. */
  @Test
  void whoWritesToTheWholeReleaseSharesItWithAll() {
    map(
        "{services: {init: {volumes: [{type: 'bind', source: 'PROJECT', target: '/sources'}]},"
            + "web: {volumes: [{type: 'bind', source: 'PROJECT/logs', target: '/logs'},"
            + "{type: 'bind', source: 'PROJECT/conf/app.ini', target: '/i', read_only: true}]}}}");
    assertEquals(List.of("/data/binds /sources"), mounts("init"));
    assertEquals(List.of("/data/binds/logs /logs", "/data/binds/conf/app.ini /i"), mounts("web"));
    assertEquals(
        "SeedFile[from=/capsule/stack/release, to=/data/binds]", seeds.getFirst().toString());
    assertEquals(List.of(), dirs);
  }

  @Test
  void readerOfTheWholeReleaseSeesWhatIsWritten() {
    map(
        "{services: {db: {volumes: [{type: 'bind', source: 'PROJECT/data', target: '/d'},"
            + "{type: 'bind', source: 'PROJECT/conf', target: '/c'},"
            + "{type: 'bind', source: 'PROJECT/conf/cache', target: '/e'}]},"
            + "other: {volumes: [{type: 'volume', source: 'media', target: '/m'}]},"
            + "backup: {volumes: [%s]}},".formatted(WHOLE)
            + "volumes: {media: {driver_opts: {type: 'none', o: 'bind', device: 'PROJECT/m'}}}}");
    assertEquals(
        List.of(
            "/capsule/stack/release /app",
            "/data/binds/conf /app/conf",
            "/data/binds/data /app/data",
            "/data/binds/m /app/m"),
        mounts("backup"));
    for (JsonNode mount : model.root().at("/services/backup/volumes")) {
      assertTrue(mount.path("read_only").asBoolean(), mount.toString());
    }
    assertEquals(List.of("/data/binds/data", "/data/binds/m"), dirs);
  }

  @Test
  void whatAServiceMountsItselfInTheWholeReleaseIsLeftAlone() {
    map(
        "{services: {web: {volumes: [%s, {type: 'bind', source: 'PROJECT/uploads', target: '/app/uploads'}, {type: 'bind', source: 'PROJECT/conf', target: '/app/conf/'}]}}}"
            .formatted(WHOLE));
    assertEquals(
        List.of(
            "/capsule/stack/release /app",
            "/data/binds/uploads /app/uploads",
            "/data/binds/conf /app/conf/"),
        mounts("web"));
    map(
        "{services: {web: {tmpfs: ['/app/cache'], volumes: [%s]}, db: {volumes: [{type: 'bind', source: 'PROJECT/cache/db', target: '/d'}]}}}"
            .formatted(WHOLE));
    assertEquals(List.of("/capsule/stack/release /app"), mounts("web"));
  }

  @Test
  void placesForMountsInTheReleaseAreMade() throws IOException {
    Files.createSymbolicLink(release.resolve("link"), Path.of("conf"));
    map(
        "{services: {web: {volumes: [%s, {type: 'bind', source: 'PROJECT/up/loads', target: '/app/up/loads'}, {type: 'bind', source: 'PROJECT/other', target: '/app/conf/other'}, {type: 'bind', source: 'PROJECT/linked', target: '/app/link/x'}]}}}"
            .formatted(WHOLE));
    CapsuleStack stack =
        new CapsuleStack(
            model.root(),
            dirs,
            seeds,
            variables,
            Map.of(),
            List.of(),
            warnings,
            HostGrants.NONE,
            DockerSocket.NONE);
    assertEquals(List.of("conf/other", "linked", "other", "up/loads"), stack.mountPoints(release));
  }

  @Test
  void emptyFolderIsNotInTheWayOfASeed() {
    map(
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/conf', target: '/c'},"
            + "{type: 'bind', source: 'PROJECT/conf/cache', target: '/cache'}]}}}");
    assertEquals(List.of(), dirs);
  }

  /** As links, and as folders on the way, of the release. */
  private void links() throws IOException {
    Files.createSymbolicLink(release.resolve("current"), Path.of("conf"));
    Files.createSymbolicLink(release.resolve("conf/latest"), Path.of("../conf/sites"));
    Files.createSymbolicLink(release.resolve("absolute"), release.resolve("conf"));
    Files.createSymbolicLink(release.resolve("later"), Path.of("not-yet"));
  }

  @Test
  void aLinkInsideTheReleaseIsWhatItLeadsTo() throws IOException {
    links();
    assertEquals("/capsule/stack/release/conf", bind("PROJECT/current", true));
    assertEquals("/capsule/stack/release/conf/app.ini", bind("PROJECT/absolute/app.ini", true));
    assertEquals("/capsule/stack/release/conf/sites", bind("PROJECT/current/latest", true));
    assertEquals("/data/binds/conf/sites", bind("PROJECT/conf/latest", false));
    assertEquals(
        List.of(new SeedFile("/capsule/stack/release/conf/sites", "/data/binds/conf/sites")),
        seeds);
    assertEquals("/data/binds/not-yet", bind("PROJECT/later", false));
    assertEquals(List.of("/data/binds/not-yet"), dirs);
    map("{services: {a: {}}, secrets: {s: {file: 'PROJECT/current/app.ini'}}}");
    assertEquals(
        "/capsule/stack/release/conf/app.ini", model.root().at("/secrets/s/file").asText());
  }

  @Test
  void aReaderOfALinkSeesWhatIsWrittenWhereItLeads() throws IOException {
    links();
    map(
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/current', target: '/c'}]},b:"
            + " {volumes: [{type: 'bind', source: 'PROJECT/conf', target: '/c', read_only:"
            + " true}]}}}");
    assertEquals("/data/binds/conf", model.root().at("/services/b/volumes/0/source").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/data", "/run", "/var/lib/docker", "/capsule", "/etc/ssl", "/"})
  void aLinkOutOfTheReleaseIsRefusedAsThePathToWhichItLeads(String target) throws IOException {
    Files.createSymbolicLink(release.resolve("out"), Path.of(target));
    for (boolean readOnly : new boolean[] {true, false}) {
      RefusedException e =
          assertThrows(RefusedException.class, () -> bind("PROJECT/out", readOnly));
      String message = String.valueOf(e.getMessage());
      assertTrue(
          message.startsWith("here: service a (link ./out) uses " + target + " of the host"),
          message);
    }
    assertThrows(
        RefusedException.class,
        () ->
            map(
                "{services: {a: {}}, volumes: {v: {driver_opts: {type: 'none', o: 'bind', device:"
                    + " 'PROJECT/out'}}}}"));
    assertThrows(
        RefusedException.class,
        () -> map("{services: {a: {}}, configs: {s: {file: 'PROJECT/out/x'}}}"));
  }

  @Test
  void theSocketBehindALinkIsTheSocketAndALinkToItselfIsRefused() throws IOException {
    Files.createSymbolicLink(release.resolve("engine"), Path.of("/var/run/docker.sock"));
    Files.createSymbolicLink(release.resolve("circle"), Path.of("circle"));
    RefusedException e = assertThrows(RefusedException.class, () -> bind("PROJECT/engine", false));
    assertTrue(String.valueOf(e.getMessage()).contains("docker-socket = inner"), e.getMessage());
    RefusedException circle =
        assertThrows(RefusedException.class, () -> bind("PROJECT/circle", true));
    assertEquals(
        "here: service a uses ./circle, a symbolic link that leads to itself: let it lead to a"
            + " file or folder",
        circle.getMessage());
  }

  @Test
  void aLinkToAnotherFolderOfTheStackIsRefusedWithWhatToDo() throws IOException {
    Path v1 = Files.createDirectories(release.resolve("demo/releases/v1"));
    Files.createDirectories(release.resolve("demo/shared"));
    Files.createSymbolicLink(v1.resolve("shared"), Path.of("../../shared"));
    Files.createSymbolicLink(v1.resolve("self"), Path.of("../current/conf"));
    Files.createSymbolicLink(release.resolve("demo/releases/current"), Path.of("v1"));
    release = v1;
    RefusedException e = assertThrows(RefusedException.class, () -> bind("PROJECT/shared", true));
    assertEquals(
        "here: service a (link ./shared) uses shared, outside its release folder: move it into "
            + v1,
        e.getMessage());
    assertEquals("/data/binds/conf", bind("PROJECT/self", false));
  }

  @ParameterizedTest
  @CsvSource({
    "/etc/localtime,/var/lib/capsule/zone/localtime",
    "/etc/timezone,/var/lib/capsule/zone/timezone",
    "/dev/net/tun,/dev/net/tun"
  })
  void someHostPathsAreTaken(String source, String mapped) {
    assertEquals(mapped, bind(source, false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/media",
        "/var/run/docker.sock",
        "/dev",
        "/data",
        "/data/volumes/db",
        "/data/.orchestrator",
        "/data/../etc",
        "/capsule/stack/release",
        "/layers/data",
        "/pack",
        "/var/lib/docker",
        "/run/docker.sock"
      })
  void otherHostPathsAreRefusedWithTheServiceAndWhatToDo(String source) {
    RefusedException e = assertThrows(RefusedException.class, () -> bind(source, false));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("here: service a uses /"), message);
    assertTrue(
        message.contains("use a named volume or a path relative")
            || message.contains("docker-socket = inner"),
        message);
  }

  @Test
  void pathOutsideTheReleaseIsRefused() {
    RefusedException e =
        assertThrows(RefusedException.class, () -> bind("/check/demo/shared", false));
    assertEquals(
        "here: service a uses shared, outside its release folder: move it into " + release,
        e.getMessage());
    assertThrows(RefusedException.class, () -> bind("PROJECT", false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{external: true}",
        "{driver: 'rclone'}",
        "{driver_opts: {type: 'none', o: 'bind', device: '/srv/x'}}",
        "{driver_opts: {type: 'none', o: 'bind', device: '/data'}}",
        "{driver_opts: {type: 'none', o: 'bind', device: 'PROJECT/../../../../data'}}",
        "{driver_opts: {type: 'nfs', o: 'ro,bind', device: '/data/.orchestrator'}}",
        "{driver_opts: {type: 'overlay', o: 'lowerdir=/data,upperdir=/u', device: 'overlay'}}"
      })
  void volumeThatACapsuleCannotHaveIsRefused(String volume) {
    assertThrows(
        RefusedException.class,
        () -> map("{services: {a: {}}, volumes: {media: %s}}".formatted(volume)));
  }

  @Test
  void anExternalVolumeIsRefusedWithTheChoicesAndMayBeginAsACopy() {
    String json =
        "{services: {a: {volumes: [{type: 'volume', source: 'db', target: '/v'}]}},"
            + " volumes: {db: {name: 'shop_db', external: true}}}";
    RefusedException e = assertThrows(RefusedException.class, () -> map(json));
    assertEquals(
        "here: volume db: external: a capsule does not use volumes of the host. Remove 'external',"
            + " and the volume is the stack's own and begins empty; or let it begin as a copy of"
            + " the host's, in stack.conf: data.import = [ { volume = db, from = shop_db } ]",
        e.getMessage());
    imported = List.of("db");
    map(json);
    assertEquals(List.of("/data/volumes/db"), dirs);
    assertEquals("/data/volumes/db", model.root().at("/volumes/db/driver_opts/device").asText());
    assertFalse(model.root().at("/volumes/db").has("external"));
  }

  @Test
  void networkFileSystemStaysWhereItIs() {
    map("{services: {a: {}}, volumes: {media: {driver_opts: {type: 'nfs', device: ':/x'}}}}");
    assertEquals(":/x", model.root().at("/volumes/media/driver_opts/device").asText());
    assertEquals(List.of(), dirs);
  }

  @Test
  void configsAndSecretsAreFilesOfTheRelease() {
    map("{services: {a: {}}, configs: {one: {file: 'PROJECT/conf/app.ini'}, two: {content: 'x'}}}");
    assertEquals(
        "/capsule/stack/release/conf/app.ini", model.root().at("/configs/one/file").asText());
    for (String secret :
        List.of(
            "{file: 'PROJECT/gone'}",
            "{file: '/etc/x'}",
            "{external: true}",
            "{environment: 'PATH'}",
            "{environment: 'CAPSULE_MODE'}")) {
      assertThrows(
          RefusedException.class,
          () -> map("{services: {a: {}}, secrets: {s: %s}}".formatted(secret)));
    }
  }

  @Test
  void valueOfAVariableIsNotInTheModel() {
    map(
        "{services: {a: {}}, secrets: {s: {environment: 'KEY', content: 'x'}}, configs: {c:"
            + " {environment: 'BANNER'}}}");
    assertEquals("{\"environment\":\"KEY\"}", model.root().at("/secrets/s").toString());
    assertEquals(List.of("BANNER", "KEY"), variables);
  }

  private static VolumeSettings volume(String name, String... paths) {
    return new VolumeSettings(name, List.of(paths), DataSettings.Strategy.COPY, false);
  }

  @Test
  void pathsOfAnOwnVolumeAreInThatVolume() {
    own = List.of(volume("media", "binds/media", "volumes/podcasts"), volume("db", "volumes/db"));
    map(
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/media/books', target: '/b'},"
            + "{type: 'bind', source: 'PROJECT/mediaeval', target: '/m'},"
            + "{type: 'volume', source: 'podcasts', target: '/p'}]}},"
            + "volumes: {podcasts: {}, db: {}, other: {}}}");
    assertEquals(
        List.of(
            "/data/binds/mediaeval",
            "/data/extra/db/volumes/db",
            "/data/extra/media/binds/media/books",
            "/data/extra/media/volumes/podcasts",
            "/data/volumes/other"),
        dirs);
    assertEquals(
        "/data/extra/media/binds/media/books",
        model.root().at("/services/a/volumes/0/source").asText());
    assertEquals(
        "/data/extra/media/volumes/podcasts",
        model.root().at("/volumes/podcasts/driver_opts/device").asText());
  }

  @Test
  void aPathOfAnOwnVolumeThatNoServiceMountsIsAWarning() {
    own = List.of(volume("media", "binds/meida", "volumes/podcasts"));
    map(
        "{services: {a: {volumes: [{type: 'bind', source: 'PROJECT/media', target: '/m'}]}},"
            + "volumes: {podcasts: {}}}");
    assertEquals(
        List.of(
            "no service of this version mounts ./meida, which data.volumes has in the volume"
                + " media"),
        warnings);
  }

  @Test
  void aMountThatIsWiderThanAVolumeOfItsOwnIsRefused() {
    own = List.of(volume("media", "binds/media/books"));
    RefusedException e = assertThrows(RefusedException.class, () -> bind("PROJECT/media", false));
    assertEquals(
        "here: service a mounts ./media, but data.volumes puts a part of that, ./media/books, into"
            + " the volume media: name ./media in data.volumes too",
        e.getMessage());
  }

  private String bind(String source, boolean readOnly) {
    map(
        "{services: {a: {volumes: [{type: 'bind', source: '%s', target: '/t', read_only: %s}]}}}"
            .formatted(source, readOnly));
    return model.root().at("/services/a/volumes/0/source").asText();
  }

  private void map(String json, String... imageVolumes) {
    model = ComposeModelFixture.of(release, json);
    ComposeFindings findings = new ComposeFindings("here");
    DataMapping mapping =
        new DataMapping(
            findings,
            model,
            new VolumePaths(findings, own),
            imported,
            ComposeModelFixture.hostPaths(findings));
    Map<String, List<String>> declared = new TreeMap<>();
    model.services().keySet().forEach(name -> declared.put(name, List.of(imageVolumes)));
    model.services().forEach((name, service) -> mapping.map(name, service, declared));
    mapping.finish();
    findings.throwIfRefused();
    dirs = mapping.dirs();
    seeds = mapping.seedFiles();
    variables = mapping.variables();
    warnings = findings.warnings();
  }
}
