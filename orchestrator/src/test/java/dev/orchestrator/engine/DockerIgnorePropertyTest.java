package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.testing.GeneratedInput;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DockerIgnorePropertyTest {
  private static final List<String> PATTERN =
      List.of("a", "b", "c", ".", "/", "/", "*", "**", "**/", "?", "[ab]", "[^a]", "[a-b]", "\\*");
  private static final List<String> PATH = List.of("a", "b", "c", ".", "*", "/");

  /** The regular expression that Docker makes of a pattern. */
  @Test
  void itMatchesWhatDockersRegularExpressionMatches() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          String pattern =
              GeneratedInput.concatenation(random, PATTERN, 6).replaceAll("^/+|/+$", "");
          String path =
              GeneratedInput.concatenation(random, PATH, 8)
                  .replaceAll("/+", "/")
                  .replaceAll("^/|/$", "");
          String plain = Path.of("/", pattern).normalize().toString().substring(1);
          if (plain.isEmpty() || path.isEmpty()) {
            return;
          }
          boolean expected = false;
          for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
            expected |= Pattern.matches(regex(plain), path.substring(0, end));
          }
          assertEquals(
              expected, new DockerIgnore(List.of(pattern)).excludes(path), pattern + " on " + path);
        });
  }

  private static String regex(String glob) {
    StringBuilder regex = new StringBuilder();
    boolean inside = false;
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '*' && glob.startsWith("**", i)) {
        boolean folders = glob.startsWith("**/", i);
        regex.append(folders ? "(.*/)?" : ".*");
        i += folders ? 2 : 1;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else if (c == '\\') {
        regex.append("\\").append(glob.charAt(++i));
      } else {
        inside = c == '[' || (inside && c != ']');
        boolean plain = inside || c == ']' || Character.isLetter(c) || c == '/';
        regex.append(plain ? "" : "\\").append(c);
      }
    }
    return regex.toString();
  }

  @Test
  void anyTextIsAPatternOrAnErrorWithItsLine() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          String line = GeneratedInput.arbitraryText(random, 30).replaceAll("[\r\n]", "");
          try {
            boolean _ = new DockerIgnore(List.of("", line)).excludes("a/b/c.txt");
          } catch (EngineException e) {
            String said = String.valueOf(e.getMessage());
            assertTrue(said.startsWith(".dockerignore:2: "), said);
            assertEquals(1, said.lines().count(), said);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "a[", "[]", "[a", "[b-a]", "[^]", "[\\", "a\0b"})
  void whatIsNoPatternIsTold(String line) {
    EngineException e =
        assertThrows(EngineException.class, () -> new DockerIgnore(List.of("*.md", line)));
    assertTrue(String.valueOf(e.getMessage()).startsWith(".dockerignore:2: "), e.getMessage());
  }

  /** With backtracking, the match would take longer than the age of the universe. */
  @ParameterizedTest
  @ValueSource(strings = {"*a*a*a*a*a*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b"})
  void aPatternOfManyStarsTakesNoTime(String pattern) {
    DockerIgnore ignore = new DockerIgnore(List.of(pattern));
    String name = pattern.contains("/") ? "a/".repeat(100) + "c" : "a".repeat(200);
    assertFalse(
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> ignore.excludes(name)), pattern);
  }
}
