package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Copies between two engines. That both connections lead to the same one makes no difference to the
 * copy, which uses nothing but the connections.
 */
@Tag("engine")
class RemoteCopyEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path directory;

  private final Engine other = DockerEngine.connect("", Duration.ofSeconds(30));
  private VolumesFixture volumes;
  private RsyncCopier copier;
  private String image;

  @BeforeEach
  void make() {
    try (Engine engine = DockerEngine.connect("", Duration.ofSeconds(30))) {
      image =
          new ImageBuilder(
                  engine,
                  LightStackFixture.in(directory).settings(8080),
                  Map.of(),
                  InstantSource.system())
              .base(line -> {});
    }
    volumes = new VolumesFixture(image);
    copier =
        new RsyncCopier(volume -> volume.equals(volumes.to) ? other : volumes.engine, () -> image);
    volumes.run("perl", "/tree/make.pl", "/from");
  }

  @AfterEach
  void remove() {
    volumes.close();
    other.close();
  }

  private CopyJob job() {
    return new CopyJob(
        volumes.volume(volumes.from), volumes.volume(volumes.to), volumes.labels, DEADLINE);
  }

  @Test
  void aTreeWithEverythingInItIsTheSameAfterwards() {
    List<String> before = volumes.listing("/from");
    try (Copying copying = copier.begin(job())) {
      CopyReport live = copying.live(DEADLINE, line -> {});
      assertTrue(live.files() >= 13, live.toString());
      assertEquals(before, volumes.listing("/to"));
      assertTrue(copying.compare(false, DEADLINE) >= 11);
      CopyReport last = copying.finish(false, DEADLINE, line -> {});
      assertEquals(before.size(), last.entries());
      assertTrue(last.content() >= 11, last.toString());
    }
    assertEquals(before, volumes.listing("/to"));
    assertEquals(before, volumes.listing("/from"), "the original is as it was");
    assertTrue(
        Long.parseLong(volumes.shell("du -k /to/sparse | cut -f 1").strip()) < 1000,
        "what is sparse stays sparse");
    assertEquals(List.of(), volumes.helpers(), "no helper is left");
  }

  @Test
  void theLastPassCopiesChangesThatModificationTimesDoNotShow() {
    try (Copying copying = copier.begin(job())) {
      CopyReport _ = copying.live(DEADLINE, line -> {});
      volumes.shell(
          """
          cd /from
          rm secret; rmdir empty; mkdir other; echo new > other/file; mv link other/
          # As a database does through its mapped memory: another content, the same size and times.
          touch -r data.db /tmp/times; printf EGAP | dd of=data.db conv=notrunc status=none
          touch -r /tmp/times data.db
          touch -r plain /tmp/times; printf TEXT | dd of=plain conv=notrunc status=none
          touch -r /tmp/times plain
          chmod 600 owned; chown 7:8 acl
          rm attributes; mkdir attributes; rm -r sub/deep; echo x > sub/deep
          """);
      CopyReport last = copying.finish(true, DEADLINE, line -> {});
      assertTrue(last.files() >= 3, last.toString());
    }
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  /** Each pass over a layered volume has a view of its own. */
  @Test
  void theLastPassOverALayeredVolumeKnowsWhatTheOnesBeforeHaveFound() {
    DataVolume clone = volumes.clone(image);
    CopyJob job = new CopyJob(clone, volumes.volume(volumes.to), volumes.labels, DEADLINE);
    try (Copying copying = copier.begin(job)) {
      CopyReport _ = copying.live(DEADLINE, line -> {});
      assertTrue(copying.compare(true, DEADLINE) >= 11);
      String _ =
          volumes.inClone(
              """
              cd /data
              touch -r data.db /tmp/times; printf EGAP | dd of=data.db conv=notrunc status=none
              touch -r /tmp/times data.db
              """);
      CopyReport last = copying.finish(true, DEADLINE, line -> {});
      assertTrue(last.files() >= 1, last.toString());
    }
    List<String> seen = volumes.inClone("perl /tree/list.pl /data").lines().toList();
    assertEquals(
        VolumesFixture.withoutLinks(seen), VolumesFixture.withoutLinks(volumes.listing("/to")));
    assertEquals(1, volumes.helpers().size(), "no helper is left beside the clone's user");
  }

  @Test
  void theOrchestratorsOwnFilesStayOnTheirSideButForTheRecordOfTheRelease() {
    volumes.shell(
        """
        mkdir -p /from/.orchestrator /to/.orchestrator
        echo 1 > /from/.orchestrator/lease; echo 2 > /to/.orchestrator/lease
        echo '{}' > /from/.orchestrator/release-files.json
        """);
    try (Copying copying = copier.begin(job())) {
      CopyReport _ = copying.finish(false, DEADLINE, line -> {});
    }
    assertEquals(
        "2\n{}\n",
        volumes.shell("cat /to/.orchestrator/lease /to/.orchestrator/release-files.json"));
  }

  @Test
  void whatSomebodyElseWritesToTheCopyIsADifferenceAndNamed() {
    volumes.shell(
        "(until [ -e /tmp/stop ]; do echo x > /to/intruder; done) >/dev/null 2>&1 </dev/null &");
    try (Copying copying = copier.begin(job())) {
      DataException failure =
          assertThrows(DataException.class, () -> copying.finish(false, DEADLINE, line -> {}));
      assertTrue(String.valueOf(failure.getMessage()).contains("intruder"), failure.toString());
    } finally {
      volumes.shell("touch /tmp/stop");
    }
    assertEquals(List.of(), volumes.helpers(), "no helper is left");
  }
}
