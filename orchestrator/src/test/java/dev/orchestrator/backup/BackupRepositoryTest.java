package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.testing.LoopDiskFixture;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.Rotates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the restic of this machine, in repositories that are folders. */
@Tag("engine") // with programs that scripts/test installs
@Rotates
class BackupRepositoryTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final String HOST = "this-host";

  @TempDir Path folder;
  private ResticFixture restic;
  private BackupSettings settings;
  private BackupRepository repository;

  @BeforeEach
  void makeRepository() throws IOException {
    restic = new ResticFixture(folder);
    settings = restic.settings(folder.resolve("repository").toString());
    repository = repository(settings);
    repository.init();
  }

  private BackupRepository repository(BackupSettings with) {
    return new BackupRepository(
        with, HOST, new HostResticRunner(with, ResticFixture.RESTIC, restic.cache()));
  }

  private BackupSummary backup(Path data, String version, String snapshot) {
    return repository.backup(
        new Folder(data), new BackupTags("demo", version, snapshot), false, MINUTE, p -> {});
  }

  private static BackupException fails(Kind kind, Runnable action) {
    BackupException failure = assertThrows(BackupException.class, action::run);
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertFalse(String.valueOf(failure.getMessage()).contains("\n"), failure.getMessage());
    return failure;
  }

  private static List<String> tree(Path root) throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.filter(each -> !each.equals(root)).sorted().toList()) {
        found.add(
            "%s %s %s %s"
                .formatted(
                    root.relativize(path),
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                    Files.getLastModifiedTime(path),
                    Files.isRegularFile(path) ? List.of(Files.readAllBytes(path).length) : ""));
      }
    }
    return found;
  }

  @Test
  void whatWasBackedUpComesBackAndResticAloneGetsItToo() throws Exception {
    Path data = restic.data("data", 3, 200_000);
    Files.setPosixFilePermissions(
        data.resolve("name"), PosixFilePermissions.fromString("rwx------"));
    BackupSummary summary =
        repository.backup(
            new Folder(data), new BackupTags("demo", "v2", "nightly-1"), false, MINUTE, p -> {});

    assertEquals(4, summary.files());
    assertTrue(summary.added() >= 600_000, summary::toString);

    Backup backup = repository.list("demo").getFirst();
    assertTrue(backup.id().startsWith(summary.id()) || summary.id().startsWith(backup.id()));
    assertEquals(new BackupTags("demo", "v2", "nightly-1"), backup.tags());
    assertEquals(HOST, backup.host());

    Path target = Files.createDirectory(folder.resolve("target"));
    repository.restore(backup.shortId(), new Folder(target), MINUTE, p -> {});
    assertEquals(tree(data), tree(target));

    Path alone = folder.resolve("alone");
    restic.run(settings, "restore", "latest", "--tag", "stack=demo", "--target", alone.toString());
    assertEquals(tree(data), tree(alone));
  }

  @Test
  void theNextBackupSendsWhatHasChanged() throws Exception {
    Path data = restic.data("data", 3, 500_000);
    backup(data, "v1", "one");
    Files.writeString(data.resolve("name"), "something else");

    BackupSummary second = backup(data, "v1", "two");

    assertTrue(second.added() < 100_000, second::toString);
    assertEquals(4, second.files());
  }

  @Test
  void onlyTheBackupsOfTheStackAreListedTheNewestFirst() throws Exception {
    Path data = restic.data("data", 1, 1000);
    backup(data, "v1", "one");
    backup(data, "v2", "two");
    repository.backup(
        new Folder(data), new BackupTags("shop", "v9", "theirs"), false, MINUTE, p -> {});
    restic.run(settings, "backup", data.toString());

    assertEquals(
        List.of("two", "one"),
        repository.list("demo").stream().map(each -> each.tags().snapshot()).toList());
  }

  @Test
  void thoseThatThePolicyDoesNotKeepGoAndNoOthers() throws Exception {
    Path data = restic.data("data", 1, 1000);
    for (String name : List.of("one", "two", "three")) {
      backup(data, "v1", name);
    }
    repository.backup(
        new Folder(data), new BackupTags("shop", "v9", "theirs"), false, MINUTE, p -> {});
    new BackupRepository(
            settings,
            "another-host",
            new HostResticRunner(settings, ResticFixture.RESTIC, restic.cache()))
        .backup(new Folder(data), new BackupTags("demo", "v1", "far"), false, MINUTE, p -> {});

    ForgetReport report = repository.forget("demo", MINUTE);

    assertEquals(2, report.kept().size(), report::toString);
    assertEquals(1, report.removed().size(), report::toString);
    assertEquals(
        List.of("far", "three", "two"),
        repository.list("demo").stream().map(each -> each.tags().snapshot()).toList());
    assertEquals(1, repository.list("shop").size());
    repository.check(100, MINUTE);
  }

  @Test
  void anotherPasswordIsToldAndChangesNothing() throws Exception {
    BackupRepository other = repository(restic.settings(settings.repository(), "wrong-word", null));
    Path data = restic.data("data", 1, 1000);

    BackupException failure =
        fails(
            Kind.WRONG_PASSWORD,
            () ->
                other.backup(
                    new Folder(data), new BackupTags("demo", "v1", "x"), false, MINUTE, p -> {}));

    assertEquals(
        "listing the backups of demo in "
            + settings.repository()
            + ": it has another password than the one in password-file; correct the file or the"
            + " repository",
        failure.getMessage());
    assertEquals(List.of(), repository.list("demo"));
    fails(Kind.WRONG_PASSWORD, other::exists);
  }

  @Test
  void aRepositoryThatIsNotThereIsNotMade() throws Exception {
    Path data = restic.data("data", 1, 1000);
    Path nowhere = folder.resolve("not-mounted");
    BackupRepository other = repository(restic.settings(nowhere.toString()));

    assertFalse(other.exists());
    assertTrue(repository.exists());
    fails(
        Kind.NO_REPOSITORY,
        () ->
            other.backup(
                new Folder(data), new BackupTags("demo", "v1", "x"), false, MINUTE, p -> {}));
    assertFalse(Files.exists(nowhere));
  }

  @Test
  void aBackupThatIsNotThereIsTold() throws Exception {
    Path target = Files.createDirectory(folder.resolve("target"));

    fails(
        Kind.NO_BACKUP, () -> repository.restore("deadbeef", new Folder(target), MINUTE, p -> {}));
  }

  @Test
  void damagedDataIsFoundByACheckThatReadsIt() throws Exception {
    backup(restic.data("data", 1, 300_000), "v1", "one");
    Path pack;
    try (Stream<Path> packs = Files.walk(folder.resolve("repository/data"))) {
      pack =
          packs
              .filter(Files::isRegularFile)
              .max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length()))
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(pack);
    bytes[bytes.length / 2] ^= 1;
    Files.setPosixFilePermissions(pack, PosixFilePermissions.fromString("rw-------"));
    Files.write(pack, bytes);

    repository.check(0, MINUTE);
    fails(Kind.DAMAGED, () -> repository.check(100, MINUTE));
  }

  @Test
  void theLockOfAKilledRunIsRemoved() throws Exception {
    backup(restic.data("data", 1, 1000), "v1", "one");
    Process killed = startLocked();
    killed.destroyForcibly().waitFor();
    assertEquals(1, locks().size(), "the kill left a lock");

    repository.check(0, MINUTE);

    assertEquals(List.of(), locks());
  }

  @Test
  void theLockOfARunThatGoesOnStaysAndIsNamed() throws Exception {
    backup(restic.data("data", 1, 1000), "v1", "one");
    Process alive = startLocked();
    try {
      BackupException failure = fails(Kind.LOCKED, () -> repository.check(0, MINUTE));

      assertTrue(
          String.valueOf(failure.getMessage()).contains("process " + alive.pid() + " on "),
          failure.getMessage());
      assertEquals(1, locks().size());
    } finally {
      alive.destroyForcibly().waitFor();
    }
  }

  /** Starts a backup that is slow, and returns when it has its lock. */
  private Process startLocked() throws Exception {
    Path slow = restic.data("slow", 20, 1_000_000);
    Process process =
        restic.startQuietly(settings, "backup", "--limit-upload", "10", slow.toString());
    while (locks().isEmpty()) {
      assertTrue(process.isAlive(), "restic ended before it had a lock");
      Thread.onSpinWait();
    }
    return process;
  }

  private List<Path> locks() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("repository/locks"))) {
      return all.filter(path -> !path.toString().contains("-tmp-")).toList();
    }
  }

  @Test
  void aRunIsEndedAtItsDeadlineAndHindersNoOther() throws Exception {
    Path data = restic.data("slow", 20, 1_000_000);
    BackupSettings slow =
        new BackupSettings(
            settings.repository(), settings.passwordFile(), null, "", settings.keep(), 10_240);

    fails(
        Kind.TIMEOUT,
        () ->
            repository(slow)
                .backup(
                    new Folder(data),
                    new BackupTags("demo", "v1", "x"),
                    false,
                    Duration.ofSeconds(4),
                    p -> {}));

    repository.check(0, MINUTE);
    assertEquals(List.of(), locks());
  }

  @Test
  void aFullDiskIsToldAndTheNextBackupGoesThrough() throws Exception {
    assumeTrue(LoopDiskFixture.isSupported("mkfs.ext4"), "no mkfs.ext4");
    Path data = restic.data("much", 30, 1_000_000);
    BackupTags tags = new BackupTags("demo", "v1", "x");
    try (LoopDiskFixture disk = new LoopDiskFixture(folder, "mkfs.ext4", 64 << 20)) {
      BackupSettings onDisk = restic.settings(disk.folder().resolve("repository").toString());
      BackupRepository small = repository(onDisk);
      small.init();
      disk.fill(5_000_000);

      BackupException full =
          fails(Kind.NO_SPACE, () -> small.backup(new Folder(data), tags, false, MINUTE, p -> {}));
      assertTrue(String.valueOf(full.getMessage()).contains("free some"), full.getMessage());

      disk.removeFiller();
      small.backup(new Folder(data), tags, true, MINUTE, p -> {});
      small.check(100, MINUTE);
      assertEquals(1, small.list("demo").size());
    }
  }

  @Test
  void aRestoreOntoAFullDiskIsTold() throws Exception {
    assumeTrue(LoopDiskFixture.isSupported("mkfs.ext4"), "no mkfs.ext4");
    Path data = restic.data("much", 10, 1_000_000);
    repository.backup(new Folder(data), new BackupTags("demo", "v1", "x"), false, MINUTE, p -> {});
    String id = repository.list("demo").getFirst().id();
    try (LoopDiskFixture disk = new LoopDiskFixture(folder, "mkfs.ext4", 8 << 20)) {
      Path target = Files.createDirectory(disk.folder().resolve("target"));
      fails(Kind.NO_SPACE, () -> repository.restore(id, new Folder(target), MINUTE, p -> {}));
    }
    repository.check(0, MINUTE);
    assertEquals(List.of(), locks());
  }

  @Test
  void aPasswordFileThatOthersCanReadIsRefused() throws Exception {
    Path password = settings.passwordFile();
    assertTrue(password != null);
    Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-r--r--"));

    BackupException failure = fails(Kind.SETTINGS, () -> repository.list("demo"));

    assertEquals(
        "backup.password-file: %s can be read or written by other users; run chmod 600 %s"
            .formatted(password, password),
        failure.getMessage());
  }

  @Test
  void aMissingResticIsTold() {
    BackupRepository without =
        new BackupRepository(
            settings, HOST, new HostResticRunner(settings, Path.of("/no/restic"), restic.cache()));

    fails(Kind.NO_RESTIC, without::exists);
  }
}
