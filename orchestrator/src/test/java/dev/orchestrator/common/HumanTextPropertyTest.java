package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.orchestrator.testing.GeneratedInput;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The text of an amount, read back, is the amount up to the digits that the text has. */
final class HumanTextPropertyTest {
  private static final Map<String, Double> SECONDS =
      Map.of("ms", 0.001, "s", 1.0, "min", 60.0, "h", 3600.0, "d", 86_400.0);
  private static final Map<String, Double> BYTES =
      Map.of("B", 1.0, "kB", 1e3, "MB", 1e6, "GB", 1e9, "TB", 1e12);
  private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9])?) ([a-zA-Z]+) ?");

  @Test
  void timesAreRight() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          long millis = random.nextLong(1L << random.nextInt(1, 42));
          String shown = HumanText.time(millis);
          double exact = millis / 1000.0;
          double part = exact < 60 ? 0.051 : exact < 3600 ? 0.51 : exact < 86_400 ? 60.5 : 3600.5;
          assertEquals(exact, value(shown, SECONDS), part, shown);
          assertFalse(shown.matches("60\\.0 s|.*\\b60 (s|min)|24 h.*|.* 24 h"), shown);
        });
  }

  @Test
  void sizesAreRight() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          long bytes = random.nextLong(1L << random.nextInt(1, 60));
          String shown = HumanText.bytes(bytes);
          assertEquals((double) bytes, value(shown, BYTES), bytes * 0.051, shown);
          assertFalse(shown.matches("1000(\\.0)? (B|kB|MB|GB)"), shown);
        });
  }

  private static double value(String shown, Map<String, Double> units) {
    Matcher part = PART.matcher(shown);
    double sum = 0;
    int end = 0;
    while (part.find()) {
      sum += Double.parseDouble(part.group(1)) * units.getOrDefault(part.group(2), Double.NaN);
      end = part.end();
    }
    assertEquals(shown.length(), end, shown);
    return sum;
  }
}
