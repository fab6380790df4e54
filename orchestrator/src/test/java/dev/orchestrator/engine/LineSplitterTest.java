package dev.orchestrator.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LineSplitterTest {
  private final List<String> lines = new ArrayList<>();
  private final LineSplitter splitter = new LineSplitter(lines::add);

  @Test
  void linesAreTheSameWhereverThePiecesAreCut() {
    byte[] text = "größe\r\nzwei\n\n10%\r20%\rlast".getBytes(UTF_8);
    for (byte b : text) {
      splitter.add(new byte[] {b});
    }
    assertEquals(List.of("größe", "zwei", "", "10%", "20%"), lines);
    splitter.end();
    splitter.end();
    assertEquals(List.of("größe", "zwei", "", "10%", "20%", "last"), lines);
  }

  /** A database dump that a hook prints may have no line ends. */
  @Test
  void aLineWithoutAnEndIsPassedOnInPieces() {
    splitter.add("x".repeat(150_000).getBytes(UTF_8));
    splitter.end();
    assertEquals(List.of(65_536, 65_536, 18_928), lines.stream().map(String::length).toList());
  }
}
