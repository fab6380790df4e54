package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.LoopDiskFixture;
import dev.orchestrator.testing.PrivateEngineFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.ServiceProcessFixture;
import dev.orchestrator.testing.VolumeInspector;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that is too small, or fills up, under an export and under an import: what is said, and
 * what is left. On small disks of their own.
 */
@Tag("engine")
@Rotates(days = 4)
@Timeout(300)
class ArchiveDiskEngineTest {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final int DATA = 120_000_000;

  @TempDir Path directory;
  private final int port = FreePorts.next();
  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void aFullDiskEndsAnExportAndAnImportAndLeavesNothing() throws Exception {
    assumeTrue(PrivateEngineFixture.isSupported(), "no dockerd here, or this isn't root");
    Path file = directory.resolve("stack.tar");
    try (Engine host = DockerEngine.connect("", SOON);
        LoopDiskFixture disk = new LoopDiskFixture(directory, "mkfs.ext4", 1 << 30)) {
      try (ServiceProcessFixture from =
          new ServiceProcessFixture(
              LightStackFixture.in(Files.createDirectories(directory.resolve("from"))),
              port,
              "upgrade { bake = 1s, drain-budget = 500ms }")) {
        from.start();
        done(from, "up", "v1");
        String volume =
            Json.read(from.api().get("/v1/current"), Generation.class)
                .volumes()
                .getFirst()
                .volume();
        String _ =
            new VolumeInspector(host)
                .runWriting(
                    volume, "head -c %d /dev/urandom > /look/volumes/ledger/large".formatted(DATA));
        String _ = send(HttpRequest.BodyPublishers.ofString("kept"), "/lines");
        exportsToAFullDisk(from, disk);
        done(from, "export", file.toString(), "--with-data");
      }
      try (PrivateEngineFixture small =
              new PrivateEngineFixture(
                  Files.createDirectories(directory.resolve("engine")), 3L << 30);
          Engine engine = DockerEngine.connect(small.host(), SOON)) {
        copyBase(small, host);
        importsToAFullDisk(small, engine, file);
      }
    }
  }

  private void exportsToAFullDisk(ServiceProcessFixture from, LoopDiskFixture disk)
      throws Exception {
    Path target = disk.folder().resolve("stack.tar");
    done(from, "export", target.toString());
    long image = Files.size(target);
    Files.delete(target);
    // In the image; in the data.
    for (long left : List.of(image / 2, image + DATA / 2)) {
      disk.fill(left);
      Result full = run(from, "export", target.toString(), "--with-data");
      disk.removeFiller();
      assertOneLine(full, ExitCode.REFUSED, target + ": No space left on device");
      try (Stream<Path> files = Files.list(disk.folder())) {
        assertEquals(
            List.of("lost+found"), files.map(each -> each.getFileName().toString()).toList());
      }
      assertEquals("[]", from.api().get("/v1/snapshots"));
      assertEquals("kept\n", send(null, "/lines"));
    }
  }

  private void importsToAFullDisk(PrivateEngineFixture small, Engine engine, Path file)
      throws Exception {
    Path folder = Files.createDirectories(directory.resolve("to"));
    Files.createDirectories(folder.resolve("stacks"));
    try (ServiceProcessFixture to =
        ServiceProcessFixture.withoutStacks(
            folder,
            """
            engine.host = "%s"
            data.reserve = 10MiB
            upgrade { bake = 1s }
            """
                .formatted(small.host()))) {
      to.start();
      List<String> before = things(engine);

      small.disk().fill(DATA / 2);
      Result unfit = run(to, "import", file.toString());
      assertOneLine(unfit, ExitCode.REFUSED, "not enough space: the data takes ");
      assertEquals(before, things(engine));
      assertEquals(List.of(), to.stacks());

      // The image does not fit beside it.
      small.disk().removeFiller();
      small.disk().fill(2L * DATA);
      Result image = run(to, "import", file.toString());
      assertEquals(ExitCode.REFUSED, image.exitCode(), image.out() + image.err());
      assertTrue((image.out() + image.err()).contains("no space left on device"), image.toString());
      assertEquals(before, things(engine));

      // Again, as if there had been no first time; now the disk fills up under the data.
      small.disk().removeFiller();
      String run = beginImport(to, file);
      assertTrue(
          to.await(run, event -> event.step().equals("build") && event.phase().equals("done"))
              .isPresent());
      small.disk().fill(DATA / 4);
      assertTrue(to.await(run, event -> event.phase().equals("end")).isPresent());
      small.disk().removeFiller();
      String reason = to.receipt(run).upgrade().reason();
      assertTrue(reason.toLowerCase(Locale.ROOT).contains("no space left on device"), reason);
      assertEquals(List.of(), names(engine.volumes(Map.of(Labels.OURS, "1"))));
      assertEquals(List.of(), engine.containers(Map.of(Labels.OURS, "1")));

      // Never without its data.
      done(to, "up");
      assertEquals("kept\n", send(null, "/lines"));
      Result taken = run(to, "import", file.toString());
      assertOneLine(taken, ExitCode.REFUSED, "there is a stack light already");
    }
  }

  private static String beginImport(ServiceProcessFixture to, Path file) {
    return Json.tree(to.api().post("/v1/import", Map.of("file", file.toString()), SOON))
        .path("id")
        .asText();
  }

  private static void assertOneLine(Result result, int code, String part) {
    assertEquals(code, result.exitCode(), result.toString());
    String error =
        result.err().lines().filter(line -> line.startsWith("error: ")).findFirst().orElse("");
    assertTrue(error.contains(part), result.toString());
    assertEquals(1, result.err().strip().lines().count(), result.toString());
  }

  /** What is on the engine. */
  private static List<String> things(Engine engine) {
    List<String> things = new ArrayList<>(names(engine.volumes(Map.of())));
    engine.containers(Map.of()).forEach(each -> things.add(each.name()));
    engine.images(Map.of()).stream().map(ImageInfo::id).sorted().forEach(things::add);
    return things;
  }

  private static List<String> names(List<VolumeInfo> volumes) {
    return volumes.stream().map(VolumeInfo::name).sorted().toList();
  }

  private static void copyBase(PrivateEngineFixture small, Engine host) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of("../config/image/build").toAbsolutePath().normalize().toString(), "--tag")
            .start();
    String tag = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(host.image(tag.strip()).isPresent(), tag);
    small.copyImages(List.of(tag.strip()));
  }

  private String send(HttpRequest.BodyPublisher body, String path)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    return http.send(
            body == null ? request.build() : request.POST(body).build(), BodyHandlers.ofString())
        .body();
  }

  private void done(ServiceProcessFixture service, String... arguments) throws IOException {
    Result result = run(service, arguments);
    assertEquals(ExitCode.DONE, result.exitCode(), result.toString());
  }

  private Result run(ServiceProcessFixture service, String... arguments) throws IOException {
    Path scratch = Files.createTempDirectory(directory, "command");
    try {
      return new CommandRunner(scratch)
          .with("ORCHESTRATOR_CONFIG", service.config().toString())
          .run(arguments);
    } finally {
      FileTree.delete(scratch);
    }
  }
}
