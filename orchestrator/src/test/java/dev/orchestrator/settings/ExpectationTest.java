package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpectationTest {
  @ParameterizedTest
  @CsvSource({
    ">= before, 100, 100, true",
    ">= before, 100, 99, false",
    ">= 0.99 * before, 100, 99, true",
    ">= 0.99 * before, 100, 98, false",
    ">=0.99*before, 1000000000000000000, 990000000000000000, true",
    ">= 0.99 * before, 1000000000000000000, 989999999999999999, false",
    "> before, 100, 100, false",
    "> before - 1, 100, 100, true",
    "= before, 100, 100.0, true",
    "== before, 100, 101, false",
    "= before + 3, 100, 103, true",
    "<= before + 10, 100, 110, true",
    "< 2 * before, 100, 200, false",
    "> 0, 7, 1, true",
    "> 0, 7, 0, false",
    "= 200, 7, 200, true"
  })
  void aFigureIsComparedWithTheOneBefore(String text, String before, String after, boolean holds) {
    assertEquals(
        holds,
        Expectation.parse(text).holds(List.of(new BigDecimal(before)), new BigDecimal(after)));
  }

  /** Clients wrote while the copy was made: the figure of its moment is between the two. */
  @Test
  void betweenTwoFiguresAnyMayHaveBeenTheOneBefore() {
    List<BigDecimal> between = List.of(BigDecimal.valueOf(100), BigDecimal.valueOf(105));
    assertEquals(
        List.of(false, true, true, false),
        Stream.of(99, 100, 105, 106)
            .map(after -> Expectation.parse("= before").holds(between, BigDecimal.valueOf(after)))
            .toList());
    assertTrue(Expectation.parse("<= before").holds(between, BigDecimal.valueOf(104)));
    assertTrue(Expectation.parse(">= before").holds(between, BigDecimal.valueOf(101)));
  }

  @ParameterizedTest
  @CsvSource({"before", ">=", "~ before", ">= before * 0.99", ">= 99% of before", ">= after"})
  void anythingElseIsRefused(String text) {
    String said =
        assertThrows(IllegalArgumentException.class, () -> Expectation.parse(text)).getMessage();
    assertEquals(
        "\"%s\" is not an expectation; write for example \">= 0.99 * before\", \"= before\", \">= before - 10\" or \"> 0\""
            .formatted(text),
        said);
  }
}
