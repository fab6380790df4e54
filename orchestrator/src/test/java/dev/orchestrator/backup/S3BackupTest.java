package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupRepository.Patience;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.testing.CutProxy;
import dev.orchestrator.testing.ResticFixture;
import dev.orchestrator.testing.S3ServerFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups to a bucket of S3, over a network that can be cut; with {@code -Ds3}. */
@Tag("engine") // with programs that scripts/test installs
class S3BackupTest {
  private static final Duration MINUTES = Duration.ofMinutes(3);
  private static final BackupTags TAGS = new BackupTags("demo", "v1", "one");

  @TempDir Path folder;

  private static BackupRepository repository(
      ResticFixture restic, S3ServerFixture server, int port, String secret) throws IOException {
    BackupSettings settings =
        restic.settings(
            "s3:https://127.0.0.1:%d/bucket".formatted(port),
            "word",
            restic.secret(
                "environment-" + secret,
                """
                AWS_ACCESS_KEY_ID=%s
                AWS_SECRET_ACCESS_KEY=%s
                SSL_CERT_FILE=%s
                """
                    .formatted(S3ServerFixture.USER, secret, server.certificate())));
    return new BackupRepository(
        settings,
        "this-host",
        new HostResticRunner(settings, ResticFixture.RESTIC, restic.cache()),
        new Patience(Duration.ofSeconds(60), Duration.ofSeconds(60)));
  }

  @Test
  void aBackupGoesThereAndBackAlsoOverANetworkThatIsCut() throws Exception {
    ResticFixture restic = new ResticFixture(folder);
    Path data = restic.data("data", 24, 1_000_000);
    try (S3ServerFixture server = new S3ServerFixture(Files.createDirectory(folder.resolve("s3")));
        CutProxy network = new CutProxy(server.port())) {
      BackupRepository repository =
          repository(restic, server, network.port(), S3ServerFixture.SECRET);
      assertFalse(repository.exists());
      repository.init();
      assertTrue(repository.exists());
      network.cutAfter(10_000_000);

      CompletableFuture<BackupSummary> backup =
          CompletableFuture.supplyAsync(
              () -> repository.backup(new Folder(data), TAGS, false, MINUTES, p -> {}));
      network.awaitCut();
      network.mend();
      assertEquals(25, backup.get().files());

      repository.check(100, MINUTES);
      Path target = Files.createDirectory(folder.resolve("target"));
      repository.restore(
          repository.list("demo").getFirst().id(), new Folder(target), MINUTES, p -> {});
      assertEquals(-1, Files.mismatch(data.resolve("sub/file-1"), target.resolve("sub/file-1")));

      BackupRepository stranger = repository(restic, server, server.port(), "stolen-word");
      BackupException failure = assertThrows(BackupException.class, () -> stranger.list("demo"));
      assertEquals(Kind.UNAUTHORIZED, failure.kind(), failure.getMessage());
      assertFalse(
          String.valueOf(failure.getMessage()).contains("stolen-word"), failure.getMessage());
    }
  }
}
