package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.image.VersionLock.Pin;
import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VersionLockTest {
  @TempDir Path home;

  @Test
  void pinsThatWereWrittenAreRead() {
    Map<String, Pin> pins =
        Map.of("db", new Pin("image mariadb:11", "sha256:1", "mariadb@sha256:2"));
    assertEquals(Map.of(), new VersionLock(home, "demo", "v1").read());
    new VersionLock(home, "demo", "v1").write(pins);
    assertEquals(pins, new VersionLock(home, "demo", "v1").read());
    assertEquals(Map.of(), new VersionLock(home, "demo", "v2").read());
  }

  @Test
  void damagedFileIsNamed() throws IOException {
    Path file = Files.createDirectories(home.resolve("locks/demo")).resolve("v1.json");
    Files.writeString(file, "{");
    RefusedException e =
        assertThrows(RefusedException.class, () -> new VersionLock(home, "demo", "v1").read());
    assertTrue(String.valueOf(e.getMessage()).startsWith(file + " is damaged"), e.toString());
  }
}
