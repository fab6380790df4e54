package dev.orchestrator.testing;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Tests properties on generated input. Each run has its own seed, which a failure names; {@code
 * -Dproperty.seed=N} repeats that run alone.
 */
public final class GeneratedInput {
  private static final long DAY_MILLIS = 86_400_000;

  private GeneratedInput() {}

  /** A property; it throws when it does not hold. */
  public interface Property {
    public void holds(RandomGenerator random) throws Exception;
  }

  /** Runs a property with different seeds, which change from day to day. */
  public static void forAll(int runs, Property property) {
    Long seedToRepeat = Long.getLong("property.seed");
    long first =
        seedToRepeat == null ? System.currentTimeMillis() / DAY_MILLIS * 1_000_000 : seedToRepeat;
    for (long seed = first; seed < first + (seedToRepeat == null ? runs : 1); seed++) {
      try {
        property.holds(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
      } catch (Exception | AssertionError | StackOverflowError e) {
        throw new AssertionError("with -Dproperty.seed=" + seed + ": " + e, e);
      }
    }
  }

  public static <T> T pick(RandomGenerator random, List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  /** A text of at most that many parts. */
  public static String concatenation(RandomGenerator random, List<String> parts, int maxLength) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(maxLength + 1); i > 0; i--) {
      text.append(pick(random, parts));
    }
    return text.toString();
  }

  /** A text of arbitrary characters, also control characters and lone surrogates. */
  public static String arbitraryText(RandomGenerator random, int maxLength) {
    String special = "/.:@![]*\\-^$(){}\"'";
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(maxLength + 1); i > 0; i--) {
      text.append(
          switch (random.nextInt(8)) {
            case 0 -> (char) random.nextInt(0x20);
            case 1 -> (char) random.nextInt(0x10000);
            case 2 -> special.charAt(random.nextInt(special.length()));
            default -> (char) (0x20 + random.nextInt(0x5f));
          });
    }
    return text.toString();
  }
}
