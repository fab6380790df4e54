package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Outputs as restic 0.14, 0.18 and 0.19 have written them. */
class ResticOutputTest {
  private Instant now = Instant.parse("2026-11-27T05:00:00Z");
  private final List<BackupProgress> progress = new ArrayList<>();

  private ResticOutput output(String... lines) {
    ResticOutput output =
        new ResticOutput(
            line -> line.replace("secret", "…"), progress::add, Duration.ofMinutes(5), () -> now);
    for (String line : lines) {
      output.line(line);
    }
    return output;
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(Kind.WRONG_PASSWORD, 1, "Fatal: wrong password or no key found"),
        Arguments.of(
            Kind.WRONG_PASSWORD,
            12,
            """
            {"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}
            """),
        Arguments.of(
            Kind.NO_REPOSITORY,
            1,
            """
            Fatal: unable to open config file: stat /r/config: no such file or directory
            Is there a repository at the following location?
            /r
            """),
        Arguments.of(
            Kind.NO_REPOSITORY,
            10,
            """
            {"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist: unable to open config file: stat /r/config: no such file or directory\\nIs there a repository at the following location?\\n/r"}
            """),
        Arguments.of(
            Kind.AWAY,
            1,
            """
            Fatal: unable to open config file: client.Head: Head "http://127.0.0.1:1/config": dial tcp 127.0.0.1:1: connect: connection refused
            Is there a repository at the following location?
            rest:http://127.0.0.1:1/
            """),
        Arguments.of(
            Kind.AWAY,
            130,
            """
            Stat(<config/>) returned error, retrying after 898.955242ms: Head "http://:***@127.0.0.1:1/config": dial tcp 127.0.0.1:1: connect: connection refused
            signal interrupt received, cleaning up
            {"message_type":"exit_error","code":130,"message":"Fatal: unable to open config file: context canceled\\nrest:http://127.0.0.1:1/"}
            """),
        Arguments.of(
            Kind.AWAY,
            1,
            """
            subprocess ssh: ssh: connect to host 127.0.0.1 port 22: Connection refused
            {"message_type":"exit_error","code":1,"message":"Fatal: unable to open repository at sftp:root@127.0.0.1:/tmp/x: unable to start the sftp session, error: error receiving version packet from server: read |0: file already closed"}
            """),
        Arguments.of(
            Kind.AWAY,
            1,
            """
            {"message_type":"exit_error","code":1,"message":"Fatal: unable to save snapshot: ssh command exited: exit status 255"}
            """),
        Arguments.of(
            Kind.UNAUTHORIZED,
            1,
            """
            Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized
            Is there a repository at the following location?
            rest:http://127.0.0.1:18999/x/
            """),
        Arguments.of(
            Kind.UNAUTHORIZED,
            1,
            """
            Fatal: create repository at rest:http://127.0.0.1:18999/x/ failed: Fatal: server response unexpected: 401 Unauthorized (401)
            """),
        Arguments.of(
            Kind.NO_RESTIC,
            1,
            "Fatal: unable to open repository at rclone:x:y: exec: \"rclone\": executable file not"
                + " found in $PATH"),
        Arguments.of(
            Kind.UNAUTHORIZED, 1, "Fatal: unable to open config file: Stat: Access Denied."),
        Arguments.of(
            Kind.UNAUTHORIZED,
            1,
            "Fatal: unable to open config file: Stat: The request signature we calculated does not"
                + " match the signature you provided. Check your key and signing method."),
        Arguments.of(
            Kind.UNAUTHORIZED,
            1,
            """
            subprocess ssh: root@127.0.0.1: Permission denied (publickey).
            Fatal: unable to open repository at sftp:root@127.0.0.1:/x: unable to start the sftp session, error: EOF
            """),
        Arguments.of(
            Kind.LOCKED,
            1,
            """
            unable to create lock in backend: repository is already locked by PID 15688 on vm by root (UID 0, GID 0)
            lock was created at 2026-11-27 05:09:58 (3.9s ago)
            storage ID 0cefbede
            """),
        Arguments.of(
            Kind.LOCKED,
            11,
            """
            {"message_type":"exit_error","code":11,"message":"unable to create lock in backend: repository is already locked exclusively by PID 15688 on vm by root (UID 0, GID 0)\\nlock was created at 2026-11-27 05:09:58 (3.8s ago)\\nstorage ID 6979602c"}
            """),
        Arguments.of(
            Kind.NO_SPACE,
            1,
            "Fatal: unable to save snapshot: write /r/data/2d/2d57-tmp-14: no space left on"
                + " device"),
        Arguments.of(
            Kind.NO_BACKUP,
            1,
            "invalid id \"deadbeef\": no matching ID found for prefix \"deadbeef\""),
        Arguments.of(
            Kind.NO_BACKUP,
            1,
            """
            {"message_type":"exit_error","code":1,"message":"Fatal: failed to find snapshot: no matching ID found for prefix \\"deadbeef\\""}
            """),
        Arguments.of(
            Kind.INCOMPLETE,
            3,
            """
            {"message_type":"error","error":{"message":"open /backup/key: permission denied"},"during":"archival","item":"/backup/key"}
            {"message_type":"exit_error","code":3,"message":"Warning: at least one source file could not be read"}
            """),
        Arguments.of(Kind.DAMAGED, 1, "Fatal: repository contains errors"),
        Arguments.of(Kind.NO_RESTIC, 127, "timeout: failed to run command 'restic'"),
        Arguments.of(Kind.OTHER, 1, "Fatal: something that nobody knows"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failuresAreToldApartEachInOneLine(Kind kind, int exit, String text) {
    ResticOutput.Failure failure = output(text.split("\n", -1)).failure(exit, false);

    assertEquals(kind, failure.kind(), failure.why());
    assertFalse(failure.why().contains("\n"), failure.why());
    assertFalse(failure.why().isBlank());
  }

  @Test
  void aLockNamesItsProcess() {
    ResticOutput output =
        output(
            "unable to create lock in backend: repository is already locked by PID 15688 on vm by"
                + " root (UID 0, GID 0)",
            "lock was created at 2026-11-27 05:09:58 (3.913842568s ago)");

    assertEquals("vm", output.lockHost());
    assertEquals(
        "it is locked by process 15688 on vm since 2026-11-27 05:09:58; wait for it to end, or run"
            + " restic unlock if it is gone",
        output.failure(1, false).why());
  }

  @Test
  void secretsAreInNoMessage() {
    String why = output("Fatal: no such bucket for secret").failure(1, false).why();
    assertEquals("restic ended with 1: no such bucket for …", why);
  }

  @Test
  void progressAndSummaryAreRead() {
    ResticOutput old =
        output(
            """
            {"message_type":"status","percent_done":1,"total_files":2,"files_done":1,"total_bytes":30,"bytes_done":20,"current_files":["/src/big"]}
            """,
            """
            {"message_type":"summary","files_new":2,"data_added":3001540,"total_files_processed":2,"total_bytes_processed":3000006,"total_duration":0.3,"snapshot_id":"6794d11a"}
            """);
    assertEquals(List.of(new BackupProgress(1, 2, 20, 30)), progress);
    assertEquals(new BackupSummary("6794d11a", 2, 3000006, 3001540), old.summary().orElseThrow());

    ResticOutput newer =
        output(
            """
            {"message_type":"summary","data_added":3001406,"data_added_packed":3001206,"total_files_processed":2,"total_bytes_processed":3000006,"snapshot_id":"997488c85c4a2abc"}
            """);
    assertEquals(3001206, newer.summary().orElseThrow().added(), "what was sent, compressed");
  }

  @Test
  void triesWithoutProgressHaveAnEnd() {
    ResticOutput output = output();
    String retry =
        "Save(<data/a43121bac6>) returned error, retrying after 1.5s: Post \"http://h/x\": EOF";
    output.line(retry);
    now = now.plusSeconds(299);
    assertFalse(output.stop());

    output.line(
        """
        {"message_type":"status","total_files":2,"files_done":1,"total_bytes":30,"bytes_done":20}
        """);
    output.line(retry);
    now = now.plusSeconds(299);
    assertFalse(output.stop(), "there was progress in between");

    now = now.plusSeconds(1);
    assertTrue(output.stop());
  }

  @Test
  void aFullDiskEndsTheRunAtOnce() {
    assertTrue(
        output(
                "Save(<data/a4>) returned error, retrying after 1s: write x: no space left on"
                    + " device")
            .stop());
  }
}
