package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunFlagsTest {
  private static final Path IMAGE = Path.of("../config/image");

  @Test
  void areThoseOfTheImageFolder() {
    RunFlags flags = RunFlags.read(IMAGE, false);
    assertTrue(flags.security().capabilities().contains("SYS_ADMIN"));
    assertTrue(flags.security().options().contains("seccomp=unconfined"));
    assertTrue(flags.security().deviceCgroupRules().contains("b 7:* rwm"));
    assertFalse(flags.security().maskedPaths());
    assertFalse(flags.security().privileged());
    assertEquals(List.of("/run"), flags.tmpfs());
    assertEquals(Duration.ofMinutes(2), flags.stopTimeout());
  }

  @Test
  void privilegedTakesThePlaceOfTheList() {
    RunFlags flags = RunFlags.read(IMAGE, true);
    assertTrue(flags.security().privileged());
    assertEquals(List.of(), flags.security().capabilities());
    assertEquals(List.of("/run"), flags.tmpfs());
  }
}
