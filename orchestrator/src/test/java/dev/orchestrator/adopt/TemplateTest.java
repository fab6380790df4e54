package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Variables in texts, as Compose replaces them, and the way back. */
final class TemplateTest {
  private static final Map<String, String> VALUES = Map.of("TAG", "2", "EMPTY", "");

  private static String resolve(String text) {
    return Template.of(text).resolve(VALUES);
  }

  @Test
  void variablesAreReplacedAsComposeDoes() {
    assertEquals("app:2", resolve("app:${TAG}"));
    assertEquals("app:2-x", resolve("app:$TAG-x"));
    assertEquals("app:", resolve("app:${NONE}"));
    assertEquals("app:1", resolve("app:${NONE:-1}"));
    assertEquals("app:1", resolve("app:${EMPTY:-1}"));
    assertEquals("app:", resolve("app:${EMPTY-1}"));
    assertEquals("app:2", resolve("app:${NONE:-${TAG}}"));
    assertEquals("app:on", resolve("app:${TAG:+on}"));
    assertEquals("app:", resolve("app:${NONE:+on}"));
    assertEquals("app:2", resolve("app:${TAG:?needed}"));
    assertEquals("cost: $5 ${TAG}", resolve("cost: $5 $${TAG}"));
    assertEquals("${open", resolve("${open"));
  }

  @Test
  void theNamesAreThoseOfDefaultsToo() {
    assertEquals(List.of("A", "B"), Template.of("${A:-${B}}$$C").names());
  }

  @Test
  void aTextTellsTheValuesThatItCameFrom() {
    assertEquals(
        Optional.of(Map.of("NAME", "app", "TAG", "2")),
        Template.of("r/${NAME}:$TAG").match("r/app:2"));
    assertEquals(Optional.of(Map.of("A", "x")), Template.of("${A}-${A}").match("x-x"));
    assertEquals(Optional.empty(), Template.of("${A}-${A}").match("x-y"));
    assertEquals(Optional.empty(), Template.of("other:${TAG}").match("app:2"));
    assertEquals(Optional.of(Map.of()), Template.of("${A}${B}").match("xy"), "can't be told");
  }
}
