package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients of the API and older journals depend on. */
class JsonTest {
  private static final Instant START = Instant.parse("2026-11-02T04:00:00Z");

  private enum Color {
    RED
  }

  private record Sample(String name, @Nullable Integer number, Instant at, Color color) {}

  private static final Sample SAMPLE = new Sample("a", null, START, Color.RED);
  private static final String TEXT =
      "{\"name\":\"a\",\"number\":null,\"at\":\"2026-11-02T04:00:00Z\",\"color\":\"RED\"}";

  @Test
  void aRecordIsWrittenByItsComponentsWithInstantsAsIsoText() {
    assertEquals(TEXT, Json.write(SAMPLE));
    assertEquals(SAMPLE, Json.read(TEXT, Sample.class));
    assertEquals(
        "{\"at\":\"2026-11-02T04:00:00.000000001Z\"}",
        Json.write(Map.of("at", START.plusNanos(1))));
  }

  @Test
  void fieldsOfANewerWriterAreSkippedAndThoseThatAnOlderOneLacksAreNull() {
    assertEquals(SAMPLE, Json.read(TEXT.replace("{", "{\"newer\":[1,{}],"), Sample.class));
    assertEquals(
        new Sample("a", null, START, Color.RED),
        Json.read(TEXT.replace("\"number\":null,", ""), Sample.class));
  }

  @Test
  void listsAndMapsAreReadToo() {
    assertEquals(List.of(SAMPLE), Json.readList("[" + TEXT + "]", Sample.class));
    assertEquals(
        Map.of("a", 1), Json.read("{\"a\":1}", new TypeReference<Map<String, Integer>>() {}));
    assertEquals("a", Json.tree(TEXT).path("name").asText());
    assertEquals(Json.tree(TEXT), Json.toTree(SAMPLE));
    assertTrue(Json.tree(" ").isMissingNode());
  }

  @Test
  void indentedItIsTheSame() {
    String indented = Json.indent(TEXT);
    assertEquals(4, indented.lines().filter(line -> line.startsWith("  \"")).count(), indented);
    assertEquals(Json.tree(TEXT), Json.tree(indented));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "secret",
        "[]",
        "{\"name\":\"a\"} {}",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"at\":\"yesterday\"}",
        "{\"color\":\"BLUE\"}"
      })
  void whatIsNoSuchRecordIsOneLineWithoutTheText(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Json.read(text, Sample.class));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("not the JSON of a Sample: "), message);
    assertFalse(message.contains("\n"), message);
  }
}
