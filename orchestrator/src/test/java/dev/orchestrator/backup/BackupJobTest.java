package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.backup.BackupHealth.State;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.testing.ResticFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the restic of this machine. */
@Tag("engine") // with programs that scripts/test installs
class BackupJobTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir Path folder;
  private Instant now = Instant.parse("2026-11-27T05:00:00Z");
  private Path data;
  private Path place;
  private BackupRepository repository;
  private BackupLog log;
  private BackupJob job;

  @BeforeEach
  void make() throws IOException {
    ResticFixture restic = new ResticFixture(folder);
    data = restic.data("data", 2, 10_000);
    place = folder.resolve("repository");
    BackupSettings settings = restic.settings(place.toString());
    repository =
        new BackupRepository(
            settings, "h", new HostResticRunner(settings, ResticFixture.RESTIC, restic.cache()));
    log = new BackupLog(folder.resolve("state"));
    job = new BackupJob(settings, repository, log, this::tick);
  }

  /** A minute passes whenever somebody looks at the clock. */
  private Instant tick() {
    now = now.plusSeconds(60);
    return now;
  }

  private Done run(String name) {
    return job.run(new Folder(data), new BackupTags("demo", "v1", name), now, "", MINUTE, p -> {});
  }

  @Test
  void theFirstBackupMakesTheRepositoryAndOldOnesGo() {
    for (String name : new String[] {"one", "two", "three"}) {
      assertEquals("", run(name).note());
    }

    assertEquals(2, repository.list("demo").size(), "the policy keeps two");
    assertEquals(State.GOOD, log.read().state(now, null));
    assertEquals("three", Objects.requireNonNull(log.read().done()).snapshot());
  }

  @Test
  void aRepositoryThatIsGoneIsNoReasonToMakeAnother() throws IOException {
    run("one");
    Files.move(place, folder.resolve("elsewhere"));

    BackupException failure = assertThrows(BackupException.class, () -> run("two"));

    assertEquals(Kind.NO_REPOSITORY, failure.kind());
    assertFalse(Files.exists(place));
    BackupHealth health = log.read();
    assertEquals(State.FAILED, health.state(now, null));
    assertTrue(
        health.text(now, null).contains("check that its disk is mounted"), health.text(now, null));

    Files.move(folder.resolve("elsewhere"), place);
    run("three");
    assertEquals(State.GOOD, log.read().state(now, null));
  }

  @Test
  void afterAKillTheNextRunGoesOn() {
    run("one");
    log.update(health -> health.begun(now));

    run("two");

    assertEquals(2, repository.list("demo").size());
    assertNull(log.read().running());
  }
}
