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
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.RestServerFixture;
import dev.orchestrator.testing.ResticFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backups to a server with a password, over a network that can be cut. */
@Tag("engine") // with programs that scripts/test installs
class RemoteBackupTest {
  private static final Duration MINUTES = Duration.ofMinutes(3);
  private static final BackupTags TAGS = new BackupTags("demo", "v1", "one");
  private static final int FILES = 24;

  /** restic sends five packs of 17 MB side by side: one at least is complete when it is cut. */
  private static final int MANY_FILES = 128;

  private static final long CUT = 100_000_000;

  private static final int BYTES = 1_000_000;

  @TempDir Path folder;
  private ResticFixture restic;
  private RestServerFixture server;
  private CutProxy network;
  private Path credentials;

  @BeforeEach
  void start() throws Exception {
    restic = new ResticFixture(folder);
    server = new RestServerFixture(Files.createDirectory(folder.resolve("served")));
    network = new CutProxy(server.port());
    credentials =
        restic.secret(
            "environment",
            """
            # of the server
            RESTIC_REST_USERNAME=%s
            RESTIC_REST_PASSWORD="%s"
            """
                .formatted(RestServerFixture.USER, RestServerFixture.PASSWORD));
  }

  @AfterEach
  void stop() throws Exception {
    if (network != null) {
      network.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private BackupRepository repository(int port, Path environment, Duration patience)
      throws IOException {
    BackupSettings settings =
        restic.settings("rest:http://127.0.0.1:%d/demo".formatted(port), "word", environment);
    return new BackupRepository(
        settings,
        "this-host",
        new HostResticRunner(settings, ResticFixture.RESTIC, restic.cache()),
        new Patience(patience, patience));
  }

  private BackupRepository repository() throws IOException {
    return repository(network.port(), credentials, Duration.ofSeconds(60));
  }

  @Test
  void aShortCutOfTheNetworkIsBridged() throws Exception {
    Path data = restic.data("data", FILES, BYTES);
    BackupRepository repository = repository();
    repository.init();
    network.cutAfter(10_000_000);

    CompletableFuture<BackupSummary> backup =
        CompletableFuture.supplyAsync(
            () -> repository.backup(new Folder(data), TAGS, false, MINUTES, p -> {}));
    network.awaitCut();
    network.mend();

    assertEquals(FILES + 1, backup.get().files());
    repository.check(100, MINUTES);
    Path target = Files.createDirectory(folder.resolve("target"));
    repository.restore(
        repository.list("demo").getFirst().id(), new Folder(target), MINUTES, p -> {});
    assertEquals("data", Files.readString(target.resolve("name")));
  }

  @Test
  void afterALongCutTheNextRunSendsTheRest() throws Exception {
    Path data = restic.data("data", MANY_FILES, BYTES);
    BackupRepository impatient = repository(network.port(), credentials, Duration.ofSeconds(2));
    impatient.init();
    network.cutAfter(CUT);

    BackupException failure =
        assertThrows(
            BackupException.class,
            () -> impatient.backup(new Folder(data), TAGS, false, MINUTES, p -> {}));
    assertEquals(Kind.AWAY, failure.kind(), failure.getMessage());
    long before = network.sent();
    network.mend();

    BackupRepository repository = repository();
    repository.backup(new Folder(data), TAGS, true, MINUTES, p -> {});

    long sent = network.sent() - before;
    assertTrue(sent < 115_000_000, sent + " bytes were sent of " + MANY_FILES * BYTES);
    repository.check(100, MINUTES);
    assertEquals(1, repository.list("demo").size());
  }

  @Test
  void credentialsThatTheServerDoesNotAcceptAreToldWithoutThem() throws Exception {
    repository().init();
    Path wrong =
        restic.secret(
            "wrong", "RESTIC_REST_USERNAME=backup-user\nRESTIC_REST_PASSWORD=stolen-word\n");
    BackupRepository other = repository(network.port(), wrong, Duration.ofSeconds(60));

    BackupException failure = assertThrows(BackupException.class, () -> other.list("demo"));

    assertEquals(Kind.UNAUTHORIZED, failure.kind(), failure.getMessage());
    String text = String.valueOf(failure.getMessage());
    assertFalse(text.contains("stolen-word"), text);
    assertTrue(text.contains("check environment-file"), text);
  }

  @Test
  void aServerThatIsAwayIsTold() throws Exception {
    BackupRepository away = repository(FreePorts.next(), credentials, Duration.ofSeconds(1));

    BackupException failure = assertThrows(BackupException.class, () -> away.list("demo"));

    assertEquals(Kind.AWAY, failure.kind(), failure.getMessage());
    assertTrue(
        String.valueOf(failure.getMessage()).contains("connection refused"), failure.getMessage());
  }
}
