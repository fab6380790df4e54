package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFlagsTest {
  private static final Path IMAGE = Path.of("../config/image");

  @Test
  void flagsAreReadFromTheImageFolder() {
    RunFlags flags = RunFlags.read(IMAGE, false);
    assertTrue(flags.security().capabilities().contains("SYS_ADMIN"));
    assertTrue(flags.security().options().contains("seccomp=unconfined"));
    assertTrue(flags.security().deviceCgroupRules().contains("b 7:* rwm"));
    assertFalse(flags.security().maskedPaths());
    assertFalse(flags.security().privileged());
    assertEquals(List.of("/run"), flags.tmpfs());
    assertEquals(Duration.ofMinutes(2), flags.stopTimeout());
    assertEquals(Map.of("max-size", "10m", "max-file", "3"), flags.logOptions());
  }

  @Test
  void privilegedTakesThePlaceOfTheList() {
    RunFlags flags = RunFlags.read(IMAGE, true);
    assertTrue(flags.security().privileged());
    assertEquals(List.of(), flags.security().capabilities());
    assertEquals(List.of("/run"), flags.tmpfs());
    assertEquals(Map.of("max-size", "10m", "max-file", "3"), flags.logOptions());
  }

  @Test
  void aFlagWithAValueThatCannotBeIsRefusedWithItsLine(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("run-flags"), "--tmpfs=/run\n--stop-timeout=2m\n");
    RefusedException e = assertThrows(RefusedException.class, () -> RunFlags.read(folder, false));
    assertEquals(
        folder.resolve("run-flags")
            + " (image.folder): --stop-timeout=2m: give a number of seconds",
        e.getMessage());
    Files.writeString(folder.resolve("run-flags"), "--log-opt=max-size\n");
    e = assertThrows(RefusedException.class, () -> RunFlags.read(folder, false));
    assertEquals(
        folder.resolve("run-flags") + " (image.folder): --log-opt=max-size: give NAME=VALUE",
        e.getMessage());
  }
}
