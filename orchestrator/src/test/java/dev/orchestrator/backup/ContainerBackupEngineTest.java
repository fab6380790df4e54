package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupSource.Part;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.WebdavServerFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The restic of the base image, in containers of a real engine. */
@Tag("engine")
class ContainerBackupEngineTest {
  private static final Duration MINUTES = Duration.ofMinutes(2);
  private static final String TREE =
      "cd /volumes && find . -printf '%p %M %U:%G %s %l\\n' | sort && cat data/file";

  @TempDir Path folder;
  private final String prefix = "backup-test-" + UUID.randomUUID().toString().substring(0, 8);
  private final Map<String, String> labels =
      Labels.with(Labels.role("backup"), Labels.STACK, prefix);
  private Engine engine;
  private String image = "";
  private BackupRepository repository;
  private ContainerResticRunner runner;

  @BeforeEach
  void make() throws IOException {
    engine = DockerEngine.connect("", MINUTES);
    image =
        new ImageBuilder(
                engine,
                LightStackFixture.in(folder).settings(8080),
                Map.of(),
                InstantSource.system())
            .base(line -> {});
    Path password = Files.writeString(folder.resolve("password"), "it's a \"word\"\n");
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    Path place = Files.createDirectory(folder.resolve("repository"));
    BackupSettings settings =
        new BackupSettings(place.toString(), password, null, "", new Keep(1, 0, 0, 0, 0), 0);
    runner = new ContainerResticRunner(settings, engine, () -> image, labels, prefix + "-cache");
    repository = new BackupRepository(settings, "this-host", runner);
  }

  @AfterEach
  void remove() {
    engine.containers(labels).forEach(container -> engine.removeContainer(container.name()));
    engine.volumes(labels).forEach(volume -> engine.removeVolume(volume.name()));
    engine.close();
  }

  private Volumes volumes(String kind) {
    List<Part> parts =
        List.of(
            new Part("data", prefix + "-" + kind + "-data"),
            new Part("media", prefix + "-" + kind + "-media"));
    parts.forEach(part -> engine.createVolume(part.volume(), labels));
    return new Volumes(parts);
  }

  /** Runs a script with the volumes at /volumes; returns what it prints. */
  private String run(Volumes volumes, String script) {
    String name = prefix + "-look";
    engine.createContainer(
        ContainerSpec.helper(
            name,
            image,
            List.of("sh", "-c", script),
            labels,
            volumes.parts().stream()
                .map(part -> Mount.of(part.volume(), "/volumes/" + part.name()))
                .toList()));
    try {
      engine.startContainer(name);
      assertEquals(0, engine.awaitExit(name, MINUTES), () -> engine.logs(name, 10).toString());
      return String.join("\n", engine.logs(name, 1000));
    } finally {
      engine.removeContainer(name);
    }
  }

  @Test
  void volumesComeBackWithOwnersModesAndLinks() {
    Volumes before = volumes("before");
    run(
        before,
        """
        cd /volumes && echo hello >data/file && ln data/file data/hard && ln -s file data/soft
        chown 999:998 data data/file && chmod 0711 data && mkdir -m 1777 media/sub
        head -c 3000000 /dev/urandom >media/sub/big && chown 33 media/sub/big
        """);

    repository.init();
    repository.backup(before, new BackupTags("demo", "v1", "nightly"), false, MINUTES, p -> {});
    Volumes after = volumes("after");
    repository.restore(repository.list("demo").getFirst().id(), after, MINUTES, p -> {});

    assertEquals(run(before, TREE), run(after, TREE));
    repository.check(100, MINUTES);
    assertEquals(1, repository.forget("demo", MINUTES).kept().size());
  }

  /** rclone is this host's; its remote is a server that the container reaches. */
  @Test
  void whatRcloneKnowsIsARepository() throws Exception {
    Path stored = Files.createDirectory(folder.resolve("stored"));
    try (WebdavServerFixture server = new WebdavServerFixture(stored)) {
      ResticFixture restic = new ResticFixture(folder);
      Path config =
          restic.secret(
              "rclone.conf",
              "[nas]\ntype = webdav\nvendor = other\nurl = http://172.17.0.1:%d\n"
                  .formatted(server.port()));
      Path environment = restic.secret("environment", "RCLONE_CONFIG=" + config + "\n");
      BackupSettings settings =
          restic.settings("rclone:nas:backups/demo", "secret-word", environment);
      ContainerResticRunner rclone =
          new ContainerResticRunner(settings, engine, () -> image, labels, prefix + "-cache");
      BackupRepository remote = new BackupRepository(settings, "this-host", rclone);
      Volumes before = volumes("before");
      run(before, "cd /volumes && echo hello >data/file && ln -s file data/soft");

      remote.init();
      remote.backup(before, new BackupTags("demo", "v1", "nightly"), false, MINUTES, p -> {});
      Volumes after = volumes("after");
      remote.restore(remote.list("demo").getFirst().id(), after, MINUTES, p -> {});

      assertEquals(run(before, TREE), run(after, TREE));
      assertTrue(
          Files.exists(stored.resolve("backups/demo/config")), "it is a repository of restic");
      String own = restic.run(restic.settings(stored + "/backups/demo"), "snapshots");
      assertTrue(own.contains("stack=demo"), own);
    }
  }

  @Test
  void serversOnTheInternetAreKnownByTheirCertificates() {
    run(volumes("before"), "test -s /etc/ssl/certs/ca-certificates.crt && restic version");
  }

  @Test
  void theLockOfAContainerThatAKilledServiceHasLeftIsRemoved() {
    Volumes data = volumes("before");
    run(data, "head -c 50000000 /dev/urandom >/volumes/data/big");
    repository.init();
    ResticRunner.Session left = runner.open(data, false, MINUTES);
    ResticCommand slow =
        ResticCommand.backup(new BackupTags("demo", "v1", "cut"), "this-host", "", 10_240);
    Thread cut =
        Thread.ofVirtual()
            .start(() -> {
              try {
                left.run(
                    slow,
                    MINUTES,
                    new ResticOutput(l -> l, p -> {}, MINUTES, InstantSource.system()));
              } catch (BackupException e) {
                // Its container is removed under it: that is the test.
              }
            });
    Path locks = folder.resolve("repository/locks");
    while (count(locks) == 0) {
      assertTrue(cut.isAlive(), "restic ended before it had a lock");
      Thread.onSpinWait();
    }

    runner.removeLeftovers();
    repository.check(0, MINUTES);

    assertEquals(0, count(locks));
  }

  private static int count(Path locks) {
    String[] names = locks.toFile().list();
    return names == null ? 0 : names.length;
  }
}
