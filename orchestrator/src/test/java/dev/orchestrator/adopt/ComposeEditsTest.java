package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.compose.YamlNodes;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Changing single texts of a compose file in place. */
final class ComposeEditsTest {
  private static final String PIN = "reg.example:5000/app:1@sha256:" + "a".repeat(64);

  private static SourceFile file(String text) {
    return new SourceFile(
        Path.of("/p/compose.yaml"), Path.of("/p"), true, text, YamlNodes.parse(text));
  }

  private static String pinned(String text) {
    SourceFile file = file(text);
    ComposeEdits edits = new ComposeEdits();
    file.texts(
        List.of("services.*.image"), (_, node) -> assertTrue(edits.replace(file, node, PIN)));
    String changed = edits.apply(file);
    file(changed)
        .texts(List.of("services.*.image"), (_, node) -> assertEquals(PIN, node.getValue()));
    return changed;
  }

  @Test
  void everythingElseStaysAsItIsWritten() {
    assertEquals(
        """
        # ä comment: 🐘
        services:
          web:   # first
            image: %s   # the app # adopted; was: app:${TAG:-1}
            command: [ 'a',   "b" ]
          db: {image: %s, restart: always} # adopted; was: db
        """
            .formatted(PIN, PIN),
        pinned(
            """
            # ä comment: 🐘
            services:
              web:   # first
                image: app:${TAG:-1}   # the app
                command: [ 'a',   "b" ]
              db: {image: db, restart: always}
            """));
  }

  @Test
  void quotedTextsAndLineEndsOfWindowsStay() {
    assertEquals(
        "services:\r\n  web:\r\n    image: \"%s\" # adopted; was: app\r\n    init: true\r\n"
            .formatted(PIN),
        pinned("services:\r\n  web:\r\n    image: 'app'\r\n    init: true\r\n"));
  }

  @Test
  void anAnchorIsChangedOnce() {
    assertEquals(
        """
        x-app: &app {image: %s} # adopted; was: app
        services:
          a: *app
          b: {<<: *app, init: true}
        """
            .formatted(PIN),
        pinned(
            """
            x-app: &app {image: app}
            services:
              a: *app
              b: {<<: *app, init: true}
            """));
  }

  @Test
  void aTextOverSeveralLinesIsNotChanged() {
    SourceFile file = file("services:\n  web:\n    image: >-\n      app\n");
    ComposeEdits edits = new ComposeEdits();
    file.texts(
        List.of("services.*.image"), (_, node) -> assertFalse(edits.replace(file, node, PIN)));
    assertEquals(file.text(), edits.apply(file));
  }
}
