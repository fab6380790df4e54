package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.orchestrator.testing.GeneratedInput;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ImageReferencePropertyTest {
  private static final List<String> REGISTRIES =
      List.of("", "localhost/", "localhost:5000/", "ghcr.io/", "10.0.0.1:443/", "[::1]:5000/");
  private static final List<String> PATHS = List.of("app", "a/b", "library/nginx", "x_y/z--q/w.v");
  private static final List<String> TAGS = List.of("1", "latest", "v1.2-rc1", "_x", "A.b-c");

  @Test
  void aReferenceIsCutIntoThePartsThatItWasMadeOf() {
    GeneratedInput.forAll(
        2_000,
        random -> {
          String repository =
              GeneratedInput.pick(random, REGISTRIES) + GeneratedInput.pick(random, PATHS);
          String tag = GeneratedInput.pick(random, TAGS);
          assertEquals(
              new ImageReference(repository, tag), ImageReference.parse(repository + ":" + tag));
          assertEquals(new ImageReference(repository, "latest"), ImageReference.parse(repository));
          String digest = "@sha256:%064x".formatted(random.nextLong());
          assertEquals(
              new ImageReference(repository + digest, ""),
              ImageReference.parse(repository + digest));
        });
  }

  /** Without tag and digest the engine would pull all tags. */
  @Test
  void everyReferenceHasATagOrADigest() {
    GeneratedInput.forAll(
        20_000,
        random -> {
          String text = GeneratedInput.arbitraryText(random, 40);
          ImageReference parsed = ImageReference.parse(text);
          if (!parsed.repository().equals(text)) {
            assertEquals(text, parsed.repository() + ":" + parsed.tag());
          }
          assertEquals(text.contains("@"), parsed.tag().isEmpty(), text);
          assertFalse(parsed.tag().contains("/"), text);
        });
  }
}
