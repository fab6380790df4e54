package dev.orchestrator.home;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A claim lasts as long as the command that has it. */
class ExportClaimTest {
  @TempDir Path home;

  @Test
  void aClaimIsHeldUntilItIsClosed() throws IOException {
    String id;
    try (ExportClaim first = ExportClaim.take(home);
        ExportClaim second = ExportClaim.take(home)) {
      id = first.id();
      assertNotEquals(id, second.id());
      assertTrue(ExportClaim.isId(id), id);
      assertTrue(ExportClaim.isHeld(home, id));
      assertTrue(ExportClaim.isHeld(home, second.id()));
    }
    assertFalse(ExportClaim.isHeld(home, id));
    try (Stream<Path> left = Files.list(home.resolve("exports"))) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void whatACommandThatWasKilledHasLeftIsNotHeld() throws IOException {
    Path folder = Files.createDirectories(home.resolve("exports/export-0123abcd"));
    Files.createFile(folder.resolve("lock"));
    assertFalse(ExportClaim.isHeld(home, "export-0123abcd"));
    ExportClaim.forget(home, "export-0123abcd");
    assertFalse(Files.exists(folder));
  }

  @Test
  void anythingElseIsNoClaim() throws IOException {
    assertFalse(ExportClaim.isHeld(home, "../.."));
    assertFalse(ExportClaim.isHeld(home, "u7"));
    ExportClaim.forget(home, "..");
    assertTrue(Files.exists(home));
  }
}
