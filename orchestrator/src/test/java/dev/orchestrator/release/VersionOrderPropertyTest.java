package dev.orchestrator.release;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.testing.GeneratedInput;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class VersionOrderPropertyTest {
  private static final List<String> PARTS =
      List.of(
          "0",
          "1",
          "2",
          "10",
          "01",
          "999999999999999999999",
          ".",
          ".",
          ".",
          "-",
          "_",
          "v",
          "V",
          "rc",
          "RC",
          "beta",
          "b",
          "alpha",
          "x",
          "final",
          "ls",
          "nightly",
          "snapshot",
          "dev");

  @Test
  void itIsATotalOrder() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          String a = name(random);
          String b = name(random);
          String c = name(random);
          String all = a + " " + b + " " + c;
          assertEquals(sign(a, b), -sign(b, a), all);
          assertEquals(a.equals(b), sign(a, b) == 0, all);
          if (sign(a, b) <= 0 && sign(b, c) <= 0) {
            assertTrue(sign(a, c) <= 0, all);
          }
        });
  }

  @Test
  void numbersCountAndAPreReleaseComesBeforeItsRelease() {
    GeneratedInput.forAll(
        5_000,
        random -> {
          int major = random.nextInt(1000);
          int minor = random.nextInt(1000);
          String v = random.nextBoolean() ? "v" : "";
          String name = v + major + "." + minor;
          assertTrue(sign(name, v + major + "." + (minor + 1)) < 0, name);
          assertTrue(sign(name, v + (major + 1) + ".0") < 0, name);
          assertTrue(sign(name, name + ".1") < 0, name);
          for (String early : List.of("-rc1", "rc1", "-beta.2", "-alpha", "-SNAPSHOT")) {
            assertTrue(sign(name + early, name) < 0, name + early);
            assertTrue(sign(name + early, name + ".1") < 0, name + early);
          }
        });
  }

  private static String name(RandomGenerator random) {
    return GeneratedInput.concatenation(random, PARTS, 6);
  }

  private static int sign(String a, String b) {
    return Integer.signum(VersionOrder.INSTANCE.compare(a, b));
  }
}
