package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.testing.ConfigFolderFixture;
import dev.orchestrator.testing.GeneratedInput;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random values of settings. */
final class SettingsPropertyTest {
  private static final Map<String, ChronoUnit> TIMES =
      Map.of(
          "ms", ChronoUnit.MILLIS,
          "s", ChronoUnit.SECONDS,
          "m", ChronoUnit.MINUTES,
          "h", ChronoUnit.HOURS,
          "d", ChronoUnit.DAYS);
  private static final Map<String, Long> SIZES =
      Map.of("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "kB", 1000L);
  private static final List<String> KEYS =
      List.of(
          "upgrade.bake",
          "upgrade.keep",
          "data.reserve",
          "data.strategy",
          "data.allow-attach",
          "data.ignore",
          "data.volumes",
          "api.listen",
          "engine.host",
          "image.base",
          "home",
          "stack",
          "schedule.upgrade",
          "schedule.zone",
          "security.mode",
          "upgrade",
          "data",
          "unknown");

  @TempDir Path folder;

  @Test
  void aNumberWithItsUnitIsThatTimeOrSize() {
    List<String> times = TIMES.keySet().stream().sorted().toList();
    List<String> sizes = SIZES.keySet().stream().sorted().toList();
    GeneratedInput.forAll(
        300,
        random -> {
          String time = GeneratedInput.pick(random, times);
          String size = GeneratedInput.pick(random, sizes);
          long number = random.nextLong(1, 7);
          String space = random.nextBoolean() ? " " : "";
          Settings read =
              load(
                  "upgrade.bake = %d%s%s\ndata.reserve = %d%s%s\n"
                      .formatted(number, space, time, number, space, size));
          assertEquals(
              Duration.of(number, TIMES.getOrDefault(time, ChronoUnit.FOREVER)),
              read.stack().upgrade().bake());
          assertEquals(number * SIZES.getOrDefault(size, 0L), read.stack().data().reserve());
        });
  }

  @Test
  void anyValueOfAnyKeyIsAcceptedOrExplainedInShortLines() {
    GeneratedInput.forAll(
        2_000,
        random -> {
          try {
            Settings _ = load(GeneratedInput.pick(random, KEYS) + " = " + value(random) + "\n");
          } catch (InvalidSettingsException e) {
            String said = String.valueOf(e.getMessage());
            for (String line : said.split("\n", -1)) {
              assertTrue(line.length() < 600, line);
              assertFalse(line.matches(".*(\\p{Cntrl}|Exception:).*"), line);
            }
          }
        });
  }

  private static String value(RandomGenerator random) {
    List<String> letters = List.of("a", "0", ".", ":", "/", "\\u0007", "\\n", "é", "-", " ", "[");
    List<String> marks = List.of("[", "]", "{", "}", "1", "a", ",", "=", "${x}", "null");
    return switch (random.nextInt(4)) {
      case 0 -> "\"" + GeneratedInput.concatenation(random, letters, 8) + "\"";
      case 1 -> GeneratedInput.concatenation(random, marks, 6);
      case 2 -> Long.toString(random.nextLong() >> random.nextInt(64));
      // Half of a surrogate pair is not a text that a file can have.
      default -> GeneratedInput.arbitraryText(random, 20).replaceAll("\\p{Cs}", "?");
    };
  }

  private Settings load(String text) throws IOException {
    return ConfigFolderFixture.in(folder, "stack = demo\n" + text, "").load();
  }
}
