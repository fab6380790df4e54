package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupSource.Part;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which containers are made for restic; an engine test runs it in them. */
class ContainerResticRunnerTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Map<String, String> LABELS =
      Labels.with(Labels.role("backup"), Labels.STACK, "demo");

  @TempDir Path folder;
  private final List<ContainerSpec> containers = new ArrayList<>();
  private final List<String> commands = new ArrayList<>();
  private final FakeEngine engine = new FakeEngine(new Restic());

  /** Answers as restic 0.18 does. */
  private final class Restic implements FakeBehaviour {
    @Override
    public ExecResult exec(
        FakeEngine on, ContainerSpec spec, List<String> command, Consumer<String> line) {
      containers.add(spec);
      commands.add(String.join(" ", command));
      if (command.contains("snapshots")) {
        line.accept("[]");
      }
      if (command.contains("--force")) {
        line.accept(
            """
            {"message_type":"summary","total_files_processed":2,"total_bytes_processed":30,"data_added":20,"snapshot_id":"1a2b"}
            """);
      }
      return new ExecResult(0, "", "");
    }
  }

  private ContainerResticRunner runner(BackupSettings settings) {
    engine.addImage("base", Map.of());
    for (String volume : List.of("demo-snap-data", "demo-media", "new")) {
      engine.createVolume(volume, Map.of());
    }
    return new ContainerResticRunner(settings, engine, () -> "base", LABELS, "restic-cache");
  }

  private BackupSettings settings(String repository) throws IOException {
    Path password = Files.writeString(folder.resolve("password"), "word-of-it\n");
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    return new BackupSettings(repository, password, null, "", new Keep(1, 0, 0, 0, 0), 0);
  }

  @Test
  void rcloneOfTheHostAndItsSettingsAreThere() throws IOException {
    Path config = Files.writeString(folder.resolve("rclone.conf"), "[nas]\n");
    Path variables =
        Files.writeString(folder.resolve("environment"), "RCLONE_CONFIG=" + config + "\n");
    Files.setPosixFilePermissions(variables, PosixFilePermissions.fromString("rw-------"));
    BackupSettings plain = settings("rclone:nas:backups");
    BackupSettings settings =
        new BackupSettings(
            plain.repository(), plain.passwordFile(), variables, "", plain.keep(), 0);
    new BackupRepository(settings, "this-host", runner(settings)).check(0, MINUTE);
    List<Mount> mounts = containers.getFirst().mounts();
    assertTrue(mounts.contains(Mount.readOnly(config.toString(), config.toString())));
    HostProgram.find("rclone")
        .ifPresent(program ->
            assertTrue(
                mounts.contains(
                    Mount.readOnly(program.toString(), "/usr/local/lib/host-programs/rclone")),
                mounts.toString()));
    assertTrue(commands.getFirst().contains("PATH=$PATH:/usr/local/lib/host-programs"));
  }

  @Test
  void aBackupSeesTheVolumesAndMayNotWriteThem() throws IOException {
    BackupSettings settings = settings("s3:host/bucket");
    Volumes volumes =
        new Volumes(List.of(new Part("data", "demo-snap-data"), new Part("media", "demo-media")));

    BackupSummary summary =
        new BackupRepository(settings, "h", runner(settings))
            .backup(volumes, new BackupTags("demo", "v1", "nightly"), false, MINUTE, p -> {});

    assertEquals(new BackupSummary("1a2b", 2, 30, 20), summary);
    ContainerSpec spec = containers.getLast();
    assertEquals(
        List.of(
            Mount.of("restic-cache", "/var/cache/restic"),
            Mount.readOnly("demo-snap-data", "/backup/data"),
            Mount.readOnly("demo-media", "/backup/media")),
        spec.mounts());
    assertEquals("bridge", spec.network());
    assertEquals(LABELS, spec.labels());
    assertEquals(List.of(), engine.containers(LABELS), "none is left");
  }

  @Test
  void filesThatTheEnvironmentNamesAreThere() throws IOException {
    Path certificate = Files.writeString(folder.resolve("ca.pem"), "x");
    Path environment =
        Files.writeString(
            folder.resolve("environment"), "SSL_CERT_FILE=%s\nA=/no/such\n".formatted(certificate));
    Files.setPosixFilePermissions(environment, PosixFilePermissions.fromString("rw-------"));
    BackupSettings plain = settings("s3:host/bucket");
    BackupSettings settings =
        new BackupSettings(
            plain.repository(), plain.passwordFile(), environment, "", plain.keep(), 0);

    new BackupRepository(settings, "h", runner(settings)).list("demo");

    assertEquals(
        List.of(
            Mount.of("restic-cache", "/var/cache/restic"),
            Mount.readOnly(certificate.toString(), certificate.toString())),
        containers.getLast().mounts());
  }

  @Test
  void noSecretIsInTheContainersDescriptionOrInACommand() throws IOException {
    BackupSettings settings = settings("s3:host/bucket");

    new BackupRepository(settings, "h", runner(settings)).list("demo");

    assertFalse(String.join("\n", commands).contains("word-of-it"));
    assertFalse(containers.toString().contains("word-of-it"));
    assertEquals(Map.of(), containers.getLast().env());
  }

  @Test
  void aRepositoryOfTheHostIsMountedAndNeedsNoNetwork() throws IOException {
    BackupSettings settings = settings(folder.toString());

    new BackupRepository(settings, "h", runner(settings))
        .restore("1a2b", new Volumes(List.of(new Part("data", "new"))), MINUTE, p -> {});

    ContainerSpec spec = containers.getLast();
    assertEquals("none", spec.network());
    assertTrue(spec.mounts().contains(Mount.of(folder.toString(), folder.toString())));
    assertTrue(spec.mounts().contains(Mount.of("new", "/backup/data")), "it is written to");
  }

  @Test
  void theLocksOfContainersThatAKilledServiceHasLeftAreKnown() throws IOException {
    BackupSettings settings = settings(folder.toString());
    ContainerResticRunner before = runner(settings);
    ResticRunner.Session left = before.open(BackupSource.none(), false, MINUTE);
    String id = engine.containers(LABELS).getFirst().id();
    String host = id.substring(0, Math.min(12, id.length()));

    ContainerResticRunner after = runner(settings);
    assertFalse(after.isOver(host));
    after.removeLeftovers();

    assertTrue(after.isOver(host));
    assertEquals(List.of(), engine.containers(LABELS));
    left.close();
  }

  @Test
  void aRepositoryWhoseFolderIsNotThereIsTold() throws IOException {
    BackupSettings settings = settings(folder.resolve("not-mounted").toString());
    BackupRepository repository = new BackupRepository(settings, "h", runner(settings));

    BackupException failure = assertThrows(BackupException.class, repository::exists);

    assertEquals(Kind.NO_REPOSITORY, failure.kind());
    assertEquals(
        "there is no folder %s on the engine's host; make it, or mount its disk"
            .formatted(folder.resolve("not-mounted")),
        failure.getMessage());
    assertEquals(List.of(), engine.containers(LABELS), "none is left");
  }

  @Test
  void anEngineThatFailsIsTold() throws IOException {
    BackupSettings settings = settings(folder.toString());
    ContainerResticRunner runner =
        new ContainerResticRunner(settings, engine, () -> "no-image", LABELS, "restic-cache");

    BackupException failure =
        assertThrows(
            BackupException.class, () -> new BackupRepository(settings, "h", runner).list("demo"));

    assertEquals(Kind.OTHER, failure.kind());
    assertTrue(
        String.valueOf(failure.getMessage()).startsWith("starting a container for restic: "),
        failure.getMessage());
  }
}
