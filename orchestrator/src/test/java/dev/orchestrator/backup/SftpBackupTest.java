package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.testing.CutProxy;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.SshServerFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups over sftp, to a server of openssh on loopback. */
@Tag("engine") // with programs that scripts/test installs
class SftpBackupTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir Path folder;

  private BackupRepository repository(ResticFixture restic, int port, Path clients)
      throws IOException {
    BackupSettings settings =
        restic.settings(
            "sftp://root@127.0.0.1:%d/%s".formatted(port, folder.resolve("far")),
            "word",
            restic.secret("environment", "PATH=%s:/usr/bin:/bin\n".formatted(clients)));
    return new BackupRepository(
        settings,
        "this-host",
        new HostResticRunner(settings, ResticFixture.RESTIC, restic.cache()));
  }

  @Test
  void aBackupGoesThereAndBack() throws Exception {
    ResticFixture restic = new ResticFixture(folder);
    Path data = restic.data("data", 2, 100_000);
    Path target = Files.createDirectory(folder.resolve("target"));
    try (SshServerFixture server =
        new SshServerFixture(Files.createDirectory(folder.resolve("ssh")))) {
      BackupRepository repository = repository(restic, server.port(), server.clients());
      repository.init();
      repository.backup(
          new Folder(data), new BackupTags("demo", "v1", "one"), false, MINUTE, p -> {});
      repository.restore(
          repository.list("demo").getFirst().id(), new Folder(target), MINUTE, p -> {});
      repository.check(100, MINUTE);
    }

    assertEquals("data", Files.readString(target.resolve("name")));
    assertEquals(-1, Files.mismatch(data.resolve("sub/file-1"), target.resolve("sub/file-1")));
  }

  @Test
  void aCutOfTheNetworkEndsTheBackupAndTheNextOneGoesThrough() throws Exception {
    ResticFixture restic = new ResticFixture(folder);
    Path data = restic.data("data", 40, 1_000_000);
    BackupTags tags = new BackupTags("demo", "v1", "one");
    try (SshServerFixture server =
            new SshServerFixture(Files.createDirectory(folder.resolve("ssh")));
        CutProxy network = new CutProxy(server.port())) {
      BackupRepository repository = repository(restic, network.port(), server.clients());
      repository.init();
      network.cutAfter(15_000_000);

      BackupException failure =
          assertThrows(
              BackupException.class,
              () -> repository.backup(new Folder(data), tags, false, MINUTE, p -> {}));
      assertEquals(Kind.AWAY, failure.kind(), failure.getMessage());
      network.mend();

      repository.backup(new Folder(data), tags, true, MINUTE, p -> {});
      repository.check(100, MINUTE);
      assertEquals(1, repository.list("demo").size());
    }
  }

  /** restic 0.14 seldom passes on what ssh says. */
  @Test
  void aKeyThatTheServerDoesNotKnowIsTold() throws Exception {
    ResticFixture restic = new ResticFixture(folder);
    try (SshServerFixture server =
        new SshServerFixture(Files.createDirectory(folder.resolve("ssh")))) {
      BackupRepository repository = repository(restic, server.port(), server.strangers());

      BackupException failure = assertThrows(BackupException.class, repository::exists);

      assertTrue(
          Set.of(Kind.UNAUTHORIZED, Kind.AWAY).contains(failure.kind()), failure.getMessage());
      assertTrue(String.valueOf(failure.getMessage()).contains("ssh"), failure.getMessage());
    }
  }

  @Test
  void aServerThatIsAwayIsTold() throws Exception {
    ResticFixture restic = new ResticFixture(folder);
    BackupRepository repository = repository(restic, FreePorts.next(), Path.of("/usr/bin"));

    BackupException failure = assertThrows(BackupException.class, repository::exists);

    assertEquals(Kind.AWAY, failure.kind(), failure.getMessage());
  }
}
