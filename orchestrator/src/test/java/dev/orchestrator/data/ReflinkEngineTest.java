package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.LoopDiskFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies that share their blocks with the original, on file systems that can, on a real engine. */
@Tag("engine")
class ReflinkEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path directory;

  private String base() {
    try (Engine engine = DockerEngine.connect("", DEADLINE)) {
      return new ImageBuilder(
              engine,
              LightStackFixture.in(directory).settings(8080),
              Map.of(),
              InstantSource.system())
          .base(line -> {});
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mkfs.xfs", "mkfs.btrfs"})
  void aTreeIsTheSameAndTakesNoSpace(String make) {
    assumeTrue(LoopDiskFixture.isSupported(make), make + " isn't here, or this isn't root");
    String image = base();
    try (LoopDiskFixture disk = new LoopDiskFixture(directory, make, 700_000_000);
        VolumesFixture volumes = new VolumesFixture(image, disk::bindOptions)) {
      RsyncCopier copier = new RsyncCopier(volumes.engine, () -> image);
      volumes.run("perl", "/tree/make.pl", "/from");
      volumes.shell("head -c 200000000 /dev/urandom > /from/large.db; mkdir -p /from/volumes/db");
      String measured = volumes.run("/usr/local/lib/capsule/capsule-copy", "measure");
      assertTrue(measured.contains("\"share\": true"), measured);
      long before = free(volumes);
      CopyJob job =
          new CopyJob(
              volumes.volume(volumes.from),
              DataVolume.plain("data", volumes.to, Method.REFLINK, List.of()),
              volumes.labels,
              DEADLINE);
      try (Copying copying = copier.begin(job)) {
        copying.live(DEADLINE, line -> {});
        volumes.shell(
            """
            cd /from
            rm secret; rmdir empty; echo new > other; mv sub/deep .; chmod 600 owned
            touch -r large.db /t; printf changed | dd of=large.db conv=notrunc bs=1M seek=3 status=none
            touch -r /t large.db; rm attributes; mkdir attributes
            """);
        copying.live(DEADLINE, line -> {});
        volumes.shell("cd /from; printf again | dd of=large.db conv=notrunc status=none; rm acl");
        CopyReport last = copying.finish(true, DEADLINE, line -> {});
        assertTrue(last.content() > 10, last.toString());
      }
      assertEquals(volumes.listing("/from"), volumes.listing("/to"));
      long taken = before - free(volumes);
      assertTrue(taken < 20_000_000, "taken: " + taken);

      List<DataVolume.Layer> both =
          List.of(
              new DataVolume.Layer(volumes.from, false), new DataVolume.Layer(volumes.to, false));
      Occupied copy = copier.occupied(both, volumes.labels, DEADLINE).getLast();
      assertTrue(copy.used() > 200_000_000 && copy.own() < 20_000_000, copy.toString());
      volumes.shell("rm /from/large.db; sync -f /from");
      copy = copier.occupied(both, volumes.labels, DEADLINE).getLast();
      assertTrue(copy.own() > 200_000_000, "what the other had too: " + copy);
    }
  }

  private static long free(VolumesFixture volumes) {
    return Long.parseLong(
        volumes.shell("sync -f /to; df --output=avail --block-size=1 /to | tail -n 1").strip());
  }
}
