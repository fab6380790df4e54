package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docker load} of this host's engine makes of an archive. */
@Tag("engine")
@Timeout(120)
class ArchiveEngineTest {
  private static final Path LIB = Path.of("../config/image/lib").toAbsolutePath().normalize();

  @TempDir Path folder;
  private final String name = "orchestrator/test-archive:" + UUID.randomUUID();
  private Engine engine;
  private String base = "";

  @BeforeEach
  void setUp() {
    engine = DockerEngine.connect("", Duration.ofSeconds(60));
    base = TestImagesFixture.base(engine);
  }

  @AfterEach
  void tearDown() throws Exception {
    run("docker", "image", "rm", "--force", name);
    engine.close();
  }

  @Test
  void anEngineLoadsTheFileAndACapsuleOfItHasTheData() throws Exception {
    Files.createDirectories(folder.resolve("from/volumes/db"));
    Files.writeString(folder.resolve("from/volumes/db/table"), "rows");
    Files.createLink(folder.resolve("from/other"), folder.resolve("from/volumes/db/table"));
    Path file = folder.resolve("a.tar");
    String architecture = inspect(base, "{{.Architecture}}");
    ArchiveContents contents;
    try (ArchiveWriter writer =
        new ArchiveWriter(
            file,
            new ArchiveHead(
                "0.1.0", "shop", "1.0", architecture, Instant.parse("2026-11-27T05:00:00Z")))) {
      Process save = new ProcessBuilder("docker", "save", base).start();
      try (InputStream saved = save.getInputStream()) {
        writer.image(saved, name, SecretFilter.NONE);
      }
      assertEquals(0, save.waitFor());
      Process pack =
          new ProcessBuilder(
                  "bash",
                  "-euo",
                  "pipefail",
                  "-c",
                  "source $0/packed-data.sh; pack_volume from",
                  LIB.toString())
              .directory(folder.toFile())
              .start();
      try (InputStream packed = pack.getInputStream()) {
        writer.volume("data", packed, 8192, 2);
      }
      assertEquals(0, pack.waitFor());
      contents = writer.finish(Map.of());
    }
    run("docker", "load", "--input", file.toString());
    assertEquals(contents.image().loaded(), inspect(name, "{{.Id}}"));
    assertEquals(
        "rows 2\ndone",
        run(
                "docker",
                "run",
                "--rm",
                "--entrypoint",
                "bash",
                name,
                "-euo",
                "pipefail",
                "-c",
                """
                source /usr/local/lib/capsule/common.sh
                source $LIB/packed-data.sh
                unpack_data 2>/dev/null
                echo "$(<$DATA/other) $(stat -c %h $DATA/volumes/db/table)"
                cut -d ' ' -f 1 $DATA/.orchestrator/packed-data
                """)
            .strip());

    try (ArchiveReader reader = new ArchiveReader(file)) {
      reader.requireArchitecture(architecture);
      Process load = new ProcessBuilder("docker", "load").redirectErrorStream(true).start();
      try (OutputStream in = load.getOutputStream()) {
        reader.writeImage(in);
      }
      String said = new String(load.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, load.waitFor(), said);
    }
    assertEquals(inspect(base, "{{.Id}}"), inspect(name, "{{.Id}}"));
    // The first one has lost its name to the second.
    run("docker", "image", "rm", contents.image().loaded());
  }

  private static String inspect(String image, String format) throws Exception {
    return run("docker", "image", "inspect", "--format", format, image).strip();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }
}
