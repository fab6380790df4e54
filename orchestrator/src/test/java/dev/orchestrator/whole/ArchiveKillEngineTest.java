package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Main;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.SpecialFilesFixture;
import dev.orchestrator.testing.VolumeInspector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Killed with SIGKILL: a command that exports, the service beside it, and the service in an import.
 */
@Tag("engine")
@Rotates(days = 4)
@Timeout(240)
class ArchiveKillEngineTest {
  private static final Duration SOON = Duration.ofMinutes(1);

  @TempDir Path directory;
  private final String name = "kill" + ProcessHandle.current().pid();
  private final int port = FreePorts.next();

  @Test
  void nothingHalfIsTakenForWhole() throws Exception {
    Path file = directory.resolve("stack.tar");
    List<String> data;
    try (Engine engine = DockerEngine.connect("", SOON)) {
      SpecialFilesFixture special = new SpecialFilesFixture(new VolumeInspector(engine));
      try (ServiceProcessFixture from =
          new ServiceProcessFixture(
              LightStackFixture.in(Files.createDirectories(directory.resolve("from")), name),
              port,
              "upgrade { bake = 1s, drain-budget = 500ms }")) {
        from.start();
        String up = from.requestRun("/v1/up", Map.of("version", "v1"));
        assertTrue(from.await(up, event -> event.phase().equals("end")).isPresent());
        from.awaitServing();
        String volume = current(from).volumes().getFirst().volume();
        special.write(volume);
        String _ =
            new VolumeInspector(engine)
                .runWriting(volume, "head -c 60000000 /dev/urandom > /look/volumes/ledger/large");
        data = special.list(volume);
        List<String> volumes = volumes(engine);

        Process killed = export(from, file);
        awaitHelper(from, engine, killed);
        assertTrue(killed.destroyForcibly().waitFor(20, TimeUnit.SECONDS));
        assertFalse(Files.exists(file));
        from.kill();
        from.start();
        from.awaitCondition(
            "the snapshot of the export that was killed is deleted",
            () -> from.api().get("/v1/snapshots").equals("[]"));
        assertEquals(List.of(), helpers(engine));
        assertEquals(volumes, volumes(engine));

        // The export goes on beside the service's end and its next start.
        Process lives = export(from, file);
        awaitHelper(from, engine, lives);
        from.kill();
        from.start();
        String said = new String(lives.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(ExitCode.DONE, lives.waitFor(), said);
        from.awaitServing();
        from.awaitCondition(
            "the snapshot of the export is deleted: " + said,
            () -> from.api().get("/v1/snapshots").equals("[]"));
        assertEquals(List.of(), helpers(engine));
        assertEquals(volumes, volumes(engine));
        try (ArchiveReader reader = new ArchiveReader(file)) {
          reader.verify(bytes -> {});
        }
      }
      importsWhileItIsKilled(engine, special, file, data);
    }
  }

  private void importsWhileItIsKilled(
      Engine engine, SpecialFilesFixture special, Path file, List<String> data) throws Exception {
    Path folder = Files.createDirectories(directory.resolve("to"));
    Files.createDirectories(folder.resolve("stacks/.importing-" + name));
    try (ServiceProcessFixture to =
        ServiceProcessFixture.withoutStacks(folder, "upgrade { bake = 1s }")) {
      to.start();
      assertFalse(Files.exists(folder.resolve("stacks/.importing-" + name)), "of an earlier one");
      String run =
          Json.tree(to.api().post("/v1/import", Map.of("file", file.toString()), SOON))
              .path("id")
              .asText();
      assertTrue(
          to.await(run, event -> event.step().equals("prepare") && event.phase().equals("intent"))
              .isPresent());
      to.awaitCondition("data is put into a volume", () -> !helpers(engine).isEmpty());
      to.kill();
      to.start();
      to.awaitServing();
      assertEquals("v1", current(to).version());
      String volume = current(to).volumes().getFirst().volume();
      SpecialFilesFixture.assertSame(data, special.list(volume));
      special.assertArrived(volume);
      assertEquals(List.of(), helpers(engine));
      assertFalse(Files.exists(folder.resolve("stacks").resolve(name).resolve(".import")));
    }
  }

  private static Generation current(ServiceProcessFixture service) {
    return Json.read(service.api().get("/v1/current"), Generation.class);
  }

  private static Process export(ServiceProcessFixture service, Path file) throws IOException {
    ProcessBuilder command =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--config",
                service.config().toString(),
                "export",
                file.toString(),
                "--with-data")
            .redirectErrorStream(true);
    return command.start();
  }

  /** Waits until the command reads data. */
  private void awaitHelper(ServiceProcessFixture service, Engine engine, Process command)
      throws Exception {
    service.awaitCondition(
        "the command reads the data",
        () -> {
          assertTrue(command.isAlive(), "it ended before it was killed");
          return engine.containers(Map.of(Labels.STACK, name)).stream()
              .anyMatch(
                  each -> each.labels().getOrDefault(Labels.UPGRADE, "").startsWith("export-"));
        });
  }

  private List<String> helpers(Engine engine) {
    return engine.containers(Map.of(Labels.STACK, name)).stream()
        .map(each -> each.name())
        .filter(each -> each.startsWith("orchestrator-data"))
        .toList();
  }

  private List<String> volumes(Engine engine) {
    return engine.volumes(Map.of(Labels.STACK, name)).stream()
        .map(each -> each.name())
        .sorted()
        .toList();
  }
}
