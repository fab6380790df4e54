package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service's process is killed in the middle of a backup and of a restore. */
@Tag("engine")
@Rotates
class BackupKillEngineTest {
  private static final Duration MINUTES = Duration.ofMinutes(2);

  @TempDir Path directory;

  private static BackupOperation operation(ServiceProcessFixture service, String id) {
    return Json.read(service.api().get("/v1/backups/operations/" + id), BackupOperation.class);
  }

  private static String begin(ServiceProcessFixture service, String what, Map<String, ?> body) {
    return service.api().beginOperation("/v1/backups" + what, body, MINUTES);
  }

  private static BackupOperation execute(
      ServiceProcessFixture service, String what, Map<String, ?> body) {
    String id = begin(service, what, body);
    BackupOperation now = operation(service, id);
    while (now.isRunning()) {
      Thread.onSpinWait();
      now = operation(service, id);
    }
    assertEquals("", now.failure());
    return now;
  }

  /** Begins an operation, and kills the service while restic is at work. */
  private static void killIn(
      ServiceProcessFixture service, Engine engine, Map<String, String> labels, String what)
      throws Exception {
    String id = begin(service, what, Map.of());
    while (engine.containers(labels).isEmpty()) {
      assertTrue(operation(service, id).isRunning(), "it ended before it was killed");
    }
    service.kill();
    service.start();
  }

  @Test
  void whatAKillLeavesIsRemovedAndTheNextBackupSucceeds() throws Exception {
    ResticFixture restic = new ResticFixture(directory);
    LightStackFixture stack = LightStackFixture.in(directory);
    Path repository = Files.createDirectory(directory.resolve("repository"));
    ServiceProcessFixture service =
        new ServiceProcessFixture(
            stack,
            FreePorts.next(),
            """
            backup { repository = "%s", password-file = "%s" }
            """
                .formatted(repository, restic.secret("backup.password", "word\n")));
    Map<String, String> all =
        Map.of(
            Labels.OURS, "1", Labels.HOME, Labels.home(stack.home()), Labels.STACK, stack.name());
    Map<String, String> labels = Labels.with(all, Labels.ROLE, "backup");
    try (service;
        Engine engine = DockerEngine.connect("", MINUTES)) {
      service.start();
      String up = service.requestRun("/v1/up", Map.of("version", "v1"));
      assertTrue(service.await(up, event -> event.phase().equals("end")).isPresent());
      service.awaitServing();
      execute(service, "", Map.of());
      List<String> volumes = volumes(engine, all);

      killIn(service, engine, labels, "");
      BackupReport.Health health = Objects.requireNonNull(service.status().backups());
      assertTrue(
          health.text().contains("the service was stopped") || health.state().equals("good"),
          health.text());
      execute(service, "", Map.of());
      assertEquals("good", Objects.requireNonNull(service.status().backups()).state());
      assertEquals(volumes, volumes(engine, all));

      killIn(service, engine, labels, "/restore");
      execute(service, "/check", Map.of("percent", 100));
      assertEquals(volumes, volumes(engine, all));
      assertEquals("[]", service.api().get("/v1/snapshots"));
      assertEquals(List.of(), engine.containers(labels));
      assertEquals(0, Objects.requireNonNull(repository.resolve("locks").toFile().list()).length);
    }
  }

  private static List<String> volumes(Engine engine, Map<String, String> labels) {
    return engine.volumes(labels).stream().map(volume -> volume.name()).sorted().toList();
  }
}
