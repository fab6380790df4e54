package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writing a stack's folder: whole, or not at all. */
final class StackWriterTest {
  @TempDir Path dir;

  private StackWriter writer() {
    return new StackWriter(dir.resolve("stacks"), dir.resolve("work"));
  }

  private List<String> written() throws IOException {
    Path stacks = dir.resolve("stacks");
    try (Stream<Path> all = Files.walk(stacks)) {
      return all.filter(Files::isRegularFile)
          .map(path -> stacks.relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void filesAreCopiedWithoutWhatIsLeftOutAndTextsGoOverThem() throws IOException {
    Path project = dir.resolve("shop");
    Files.createDirectories(project.resolve("conf/sub"));
    Files.createDirectories(project.resolve("data"));
    Files.writeString(project.resolve("conf/sub/a"), "a");
    Files.writeString(project.resolve("compose.yaml"), "old");
    Files.writeString(project.resolve("data/big"), "big");
    Files.createSymbolicLink(project.resolve("conf/link"), Path.of("sub/a"));
    Path folder =
        writer()
            .write(
                "shop",
                new StackDraft(
                    Map.of("stack.conf", "routes = []", "releases/1/compose.yaml", "new"),
                    Set.of("stack.conf"),
                    Map.of("releases/1", project, "releases/1/conf", project.resolve("conf")),
                    Set.of(project.resolve("data"))));
    assertEquals(
        List.of(
            "shop/releases/1/compose.yaml",
            "shop/releases/1/conf/link",
            "shop/releases/1/conf/sub/a",
            "shop/stack.conf"),
        written());
    assertEquals("new", Files.readString(folder.resolve("releases/1/compose.yaml")));
    assertTrue(Files.isSymbolicLink(folder.resolve("releases/1/conf/link")));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("stack.conf"))));
    assertEquals("old", Files.readString(project.resolve("compose.yaml")));
  }

  @Test
  void aStackThatIsThereIsNeverTouched() throws IOException {
    StackDraft draft = new StackDraft(Map.of("stack.conf", "x"), Set.of(), Map.of(), Set.of());
    writer().write("shop", draft);
    Files.writeString(dir.resolve("stacks/shop/stack.conf"), "mine");
    RefusedException e = assertThrows(RefusedException.class, () -> writer().write("shop", draft));
    assertTrue(String.valueOf(e.getMessage()).startsWith("there is a stack shop already"));
    assertEquals("mine", Files.readString(dir.resolve("stacks/shop/stack.conf")));
  }

  @Test
  void aWriteThatFailsLeavesNothingAndOneThatWasKilledIsNoObstacle() throws IOException {
    StackDraft wrong =
        new StackDraft(
            Map.of("stack.conf", "x"), Set.of(), Map.of("a", dir.resolve("gone")), Set.of());
    assertThrows(RefusedException.class, () -> writer().write("shop", wrong));
    assertEquals(List.of(), written());
    Files.createDirectories(dir.resolve("stacks/.adopting-shop"));
    Files.writeString(dir.resolve("stacks/.adopting-shop/old"), "x");
    writer().write("shop", new StackDraft(Map.of("stack.conf", "x"), Set.of(), Map.of(), Set.of()));
    assertEquals(List.of("shop/stack.conf"), written());
    assertFalse(Files.exists(dir.resolve("stacks/.adopting-shop")));
  }
}
