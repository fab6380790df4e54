package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.settings.BackupSettings.Keep;
import org.junit.jupiter.api.Test;

class ResticCommandTest {
  private static String text(ResticCommand command) {
    return String.join(" ", command.arguments());
  }

  @Test
  void aBackupIsFiledByHostAndTags() {
    BackupTags tags = new BackupTags("demo", "v2", "nightly");

    assertEquals(
        "--json backup --host h --tag orchestrator,stack=demo,version=v2,snapshot=nightly"
            + " --parent 1a2b --limit-upload 2048 .",
        text(ResticCommand.backup(tags, "h", "1a2b", 2 << 20)));
    assertEquals(
        "--json backup --host h --tag orchestrator,stack=demo,version=v2,snapshot=nightly --force"
            + " .",
        text(ResticCommand.backup(tags, "h", "", 0)));
  }

  @Test
  void thePolicyIsThatOfTheSettings() {
    assertEquals(
        "--json forget --prune --host h --tag orchestrator,stack=demo --group-by  --keep-last 3"
            + " --keep-weekly 5",
        text(ResticCommand.forget("demo", "h", new Keep(3, 0, 5, 0, 0), false)));
  }

  @Test
  void aCheckReadsAsMuchAsItIsTold() {
    assertEquals("--json check", text(ResticCommand.check(0)));
    assertEquals("--json check --read-data-subset=5%", text(ResticCommand.check(5)));
    assertEquals("--json check --read-data", text(ResticCommand.check(100)));
  }

  @Test
  void aNameThatWouldBeTwoTagsIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new BackupTags("demo", "v2,v3", "x"));
  }
}
