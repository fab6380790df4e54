package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DockerIgnoreTest {
  @ParameterizedTest
  @CsvSource({
    "*.md, README.md, true",
    "*.md, doc/README.md, false",
    "**/*.md, README.md, true",
    "**/*.md, a/b/README.md, true",
    "doc, doc/a/b, true",
    "doc/, doc/a/b, true",
    "/doc, doc/a, true",
    "doc, document, false",
    "a?c, abc, true",
    "a?c, a/c, false",
    "a[0-9], a7, true",
    "a[0-9], ax, false",
    "a/**/z, a/z, true",
    "a/**/z, a/b/c/z, true",
    "a/**, a/b/c, true",
    "a/**, b/a, false",
    "a.c, abc, false",
    "./x, x, true",
    "#x, x, false",
  })
  void likeDockers(String pattern, String path, boolean excluded) {
    assertEquals(excluded, new DockerIgnore(List.of(pattern)).excludes(path));
  }
}
