package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "x86_64, linux/amd64",
    "x86_64, amd64",
    "x86_64, linux",
    "amd64, Linux/x86_64",
    "aarch64, linux/arm64/v8",
    "aarch64, arm64",
    "armv7l, linux/arm",
    "armv7l, linux/arm/v7",
    "armv6l, linux/arm/v6"
  })
  void namesOfTheSamePlatformAreEqual(String architecture, String wanted) {
    assertTrue(new Platform("linux", architecture, "").is(wanted));
  }

  @ParameterizedTest
  @CsvSource({
    "x86_64, linux/arm64",
    "x86_64, linux/386",
    "x86_64, linux/amd64/v3",
    "x86_64, windows",
    "x86_64, nonsense",
    "aarch64, linux/amd64",
    "armv6l, linux/arm/v7"
  })
  void otherPlatformsAreNot(String architecture, String wanted) {
    assertFalse(new Platform("linux", architecture, "").is(wanted));
  }

  @Test
  void isWrittenAsUsersWriteIt() {
    assertEquals("linux/amd64", new Platform("linux", "x86_64", "").toString());
    assertEquals("linux/arm/v7", new Platform("linux", "armv7l", "").toString());
  }
}
