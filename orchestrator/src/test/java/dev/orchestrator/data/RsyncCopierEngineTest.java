package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.data.DataCopier.Copying;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies of real volumes on a real engine, compared by other means than the copier's. */
@Tag("engine")
class RsyncCopierEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path directory;
  private boolean isDurable = true;
  private String image = "";
  private VolumesFixture volumes;
  private RsyncCopier copier;

  @BeforeEach
  void make() {
    image = VolumesFixture.base(directory);
    volumes = new VolumesFixture(image);
    copier = new RsyncCopier(volumes.engine, () -> image);
    volumes.run("perl", "/tree/make.pl", "/from");
  }

  @AfterEach
  void remove() {
    volumes.close();
  }

  private CopyJob job() {
    return new CopyJob(
        volumes.volume(volumes.from),
        volumes.volume(volumes.to),
        volumes.labels,
        DEADLINE,
        isDurable);
  }

  private CopyReport live() {
    try (Copying copying = copier.begin(job())) {
      return copying.live(DEADLINE, line -> {});
    }
  }

  private CopyReport finish() {
    try (Copying copying = copier.begin(job())) {
      return copying.finish(false, DEADLINE, line -> {});
    }
  }

  @Test
  void aTreeWithEverythingInItIsTheSameAfterwards() {
    List<String> before = volumes.listing("/from");
    assertTrue(before.size() > 20, before.toString());
    CopyReport live = live();
    assertTrue(live.files() >= 13, live.toString());
    assertEquals(before, volumes.listing("/to"));
    CopyReport last = finish();
    assertEquals(before, volumes.listing("/to"));
    assertEquals(before.size(), last.entries());
    assertTrue(last.content() >= 11, last.toString());
    assertEquals(before, volumes.listing("/from"), "the original is as it was");
    assertTrue(
        Long.parseLong(volumes.shell("du -k /to/sparse | cut -f 1").strip()) < 1000,
        "what is sparse stays sparse");
    assertEquals(List.of(), volumes.helpers(), "no helper is left");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theLastPassCopiesChangesThatModificationTimesDoNotShow(boolean durable) {
    isDurable = durable;
    live();
    live();
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
        # A folder in place of a file, and the other way round.
        rm attributes; mkdir attributes; rm -r sub/deep; echo x > sub/deep
        """);
    finish();
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  @Test
  void afterAKilledFirstPassTheNextCopiesTheRest() {
    live();
    volumes.shell(
        """
        # As a kill right before the pass's end leaves it; then a write that times don't show.
        rm /to/.orchestrator/copy/since
        cd /from
        touch -r plain /tmp/times; printf TEXT | dd of=plain conv=notrunc status=none
        touch -r /tmp/times plain
        """);
    live();
    finish();
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  @Test
  void whatAnotherHasPutIntoTheCopyIsComparedByContent() {
    volumes.shell(
        """
        # As a release's file of the same length and time, in the place of one of the data.
        printf TEXT > /to/plain; touch -r /from/plain /to/plain; truncate -s 5 /to/plain
        touch -r /from/plain /to/plain
        """);
    live();
    finish();
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 19, 45, 68, 75, 102})
  void theLastPassLooksAtWhatHasChangedAlone(int seed) {
    try (Copying copying = copier.begin(job())) {
      copying.live(DEADLINE, line -> {});
      change(seed * 10 + 1, 20);
      copying.live(DEADLINE, line -> {});
      // As if the pass had begun long after the files were made.
      volumes.shell("echo $(($(date +%s) + 5)) > /to/.orchestrator/copy/since");
      copying.compare(seed % 2 == 0, DEADLINE);
      change(seed * 10 + 3, seed % 25);
      CopyReport last = copying.finish(seed % 2 == 0, DEADLINE, line -> {});
      List<String> original = volumes.listing("/from");
      assertEquals(original, volumes.listing("/to"), "seed " + seed);
      assertEquals(original.size(), last.entries());
    }
  }

  private void change(int seed, int count) {
    volumes.run(
        "perl", "/tree/change.pl", "/from", Integer.toString(seed), Integer.toString(count));
  }

  @Test
  void whatHasNotChangedIsNotLookedAtInTheLastPass() {
    try (Copying copying = copier.begin(job())) {
      copying.live(DEADLINE, line -> {});
      volumes.shell("echo $(($(date +%s) + 5)) > /to/.orchestrator/copy/since");
      copying.compare(false, DEADLINE);
      volumes.shell("echo 1 > /from/sub/new");
      CopyReport last = copying.finish(false, DEADLINE, line -> {});
      // The others are its folder, and the file with a line end in its name, which is always looked
      // at, with its folder.
      assertEquals(List.of(1L, 2L, 4L), List.of(last.files(), last.bytes(), last.changed()));
      assertEquals(volumes.listing("/from"), volumes.listing("/to"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'printf EGAP | dd of=/to/data.db conv=notrunc status=none; touch -r /from/data.db"
        + " /to/data.db', data.db",
    "chmod 4755 /to/plain, plain",
    "rm /to/dangling, dangling",
    "touch /to/unwanted, unwanted",
    "'cp -a /to/plain /to/x; rm /to/sub/hard-link; cp -a /to/plain /to/sub/hard-link; rm /to/x',"
        + " plain",
    "'rm /to/acl; cp /from/acl /to/acl; chmod 640 /to/acl; touch -r /from/acl /to/acl; touch -r"
        + " /from /to', acl",
    "'echo 5 > /to/sub/deep/more', sub/deep"
  })
  void aDifferenceIsFoundAndNamed(String change, String name) {
    live();
    finish();
    volumes.run("/usr/local/lib/capsule/capsule-copy", "verify");
    volumes.shell(change);
    String message = volumes.failing("/usr/local/lib/capsule/capsule-copy", "verify");
    assertTrue(message.contains("differ") && message.contains(name), message);
    assertEquals(1, message.lines().count(), "one line");
  }

  @Test
  void aDifferenceInTheContentOfALargeFileIsFoundWhereAllIsCompared() {
    volumes.shell("head -c 6000000 /dev/urandom > /from/film");
    live();
    finish();
    // Size and times stay, as when a disk corrupts a file.
    volumes.shell(
        "printf X | dd of=/to/film bs=1 seek=3000000 conv=notrunc status=none; touch -r /from/film"
            + " /to/film");
    volumes.run("/usr/local/lib/capsule/capsule-copy", "verify");
    String message = volumes.failing("/usr/local/lib/capsule/capsule-copy", "verify", "full");
    assertTrue(message.contains("film"), message);
  }

  @Test
  void layersAreCopiedAsTheServicesSeeThem() {
    DataVolume clone = volumes.clone(image);
    CopyJob job = new CopyJob(clone, volumes.volume(volumes.to), volumes.labels, DEADLINE);
    try (Copying copying = copier.begin(job)) {
      copying.live(DEADLINE, line -> {});
      volumes.inClone(
          """
          cd /data
          rm secret; rmdir empty; mkdir empty; echo x > empty/new
          mv sub renamed; chmod 600 owned; chown 7:8 plain; echo more >> data.db
          rm -r renamed/deep; mkdir renamed/deep; ln data.db second
          """);
      copying.live(DEADLINE, line -> {});
      copying.compare(true, DEADLINE);
      volumes.inClone("cd /data; echo later > later; mv renamed again; rm acl");
      CopyReport last = copying.finish(true, DEADLINE, line -> {});
      assertTrue(last.content() >= 10, last.toString());
    }
    List<String> seen = volumes.inClone("perl /tree/list.pl /data").lines().toList();
    assertEquals(
        VolumesFixture.withoutLinks(seen), VolumesFixture.withoutLinks(volumes.listing("/to")));
  }

  @Test
  void whatTheNewVersionBringsIsNotDeleted() {
    volumes.shell(
        """
        mkdir -p /from/volumes/db /to/volumes/db /to/volumes/new
        echo old > /from/volumes/db/a; echo from the image > /to/volumes/new/b
        echo unwanted > /to/volumes/db/c
        """);
    live();
    finish();
    assertEquals("from the image", volumes.shell("cat /to/volumes/new/b").strip());
    assertEquals("a", volumes.shell("ls /to/volumes/db").strip());
  }

  @Test
  void contentThatWasComparedBeforeIsReadAgainOnlyWhereItChanged() {
    try (Copying copying = copier.begin(job())) {
      copying.live(DEADLINE, line -> {});
      // As if the pass had begun long after the files were made.
      volumes.shell("echo $(($(date +%s) + 5)) > /to/.orchestrator/copy/since");
      assertTrue(copying.compare(true, DEADLINE) >= 10, "compared while in use");
      // A change on either side is found, also where nobody should have written.
      volumes.shell("touch -r /to/plain /t; echo TEXT > /to/plain; touch -r /t /to/plain");
      CopyReport last = copying.finish(true, DEADLINE, line -> {});
      assertTrue(last.changed() < last.entries() / 2, last.toString());
      assertEquals(volumes.listing("/from"), volumes.listing("/to"));
    }
  }

  @Test
  void changesSinceAMomentAreCounted() {
    live();
    finish();
    Instant since = Instant.now();
    volumes.shell("echo 12345 > /to/plain; echo 1 > /to/new; rm /to/secret /to/owned");
    VolumeChanges changes =
        copier.changes(
            volumes.volume(volumes.from),
            volumes.volume(volumes.to),
            since,
            volumes.labels,
            DEADLINE);
    assertEquals(new VolumeChanges(4, 20, 2), changes, "plain has three names");
  }

  @Test
  void eachVolumeKeepsItsOwnLease() {
    volumes.shell(
        "mkdir -p /from/.orchestrator /to/.orchestrator; echo 7 > /from/.orchestrator/lease");
    volumes.shell("echo 8 > /to/.orchestrator/lease");
    live();
    finish();
    assertEquals("8", volumes.shell("cat /to/.orchestrator/lease").strip());
    assertEquals("7", volumes.shell("cat /from/.orchestrator/lease").strip());
  }

  @Test
  void aDeadlineEndsTheCopyAndLeavesNoHelper() {
    volumes.shell("for i in {1..3000}; do echo $i > /from/$i; done");
    DataException e =
        assertThrows(
            DataException.class,
            () -> {
              try (Copying copying = copier.begin(job())) {
                copying.live(Duration.ofMillis(20), line -> {});
              }
            });
    assertTrue(String.valueOf(e.getMessage()).startsWith("copying " + volumes.from), e.toString());
    assertEquals(List.of(), volumes.helpers());
  }

  @Test
  void aFullDiskEndsTheCopyIsNamedAndLeavesTheOriginalAsItWas() {
    volumes.shell("head -c 30000000 /dev/urandom > /from/large");
    List<String> before = volumes.listing("/from");
    String small = volumes.run + "-small";
    volumes.engine.createVolume(
        small, volumes.labels, Map.of("type", "tmpfs", "device", "tmpfs", "o", "size=8m"));
    CopyJob job =
        new CopyJob(volumes.volume(volumes.from), volumes.volume(small), volumes.labels, DEADLINE);
    DataException e =
        assertThrows(
            DataException.class,
            () -> {
              try (Copying copying = copier.begin(job)) {
                copying.live(DEADLINE, line -> {});
              }
            });
    assertTrue(String.valueOf(e.getMessage()).contains("No space left on device"), e.toString());
    assertEquals(before, volumes.listing("/from"));
    assertEquals(List.of(), volumes.helpers());
    volumes.engine.removeVolume(small);
  }

  @Test
  void usedAndFreeSpaceAreMeasured() {
    volumes.shell("head -c 30000000 /dev/zero | tr '\\\\0' x > /from/large");
    VolumeUsage measure = copier.measure(volumes.volume(volumes.from), volumes.labels, DEADLINE);
    assertTrue(measure.used() > 30_000_000 && measure.used() < 40_000_000, measure.toString());
    assertTrue(measure.free() > 1_000_000, measure.toString());
    assertEquals(3, measure.links(), "names of the one file that has several");
    assertEquals(8192, measure.largest(), "data.db");
    assertEquals(List.of(), volumes.helpers());
  }
}
