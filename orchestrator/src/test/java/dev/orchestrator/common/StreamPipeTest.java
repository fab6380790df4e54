package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StreamPipeTest {
  private static final byte[] MUCH = new byte[10_000_000];

  @Test
  void whatIsWrittenIsRead() {
    assertArrayEquals(
        MUCH, StreamPipe.connect("test", out -> out.write(MUCH), InputStream::readAllBytes));
  }

  @Test
  void aWriterThatFailsFailsTheWholeAlthoughTheReaderSawAnEnd() {
    assertEquals(
        "broken",
        assertThrows(
                RefusedException.class,
                () ->
                    StreamPipe.connect(
                        "test",
                        out -> {
                          out.write(1);
                          throw new RefusedException("broken");
                        },
                        InputStream::readAllBytes))
            .getMessage());
  }

  @Test
  void whatTheWriterFailedOfIsToldAndNotWhatTheReaderMadeOfIt() {
    assertEquals(
        "the file is damaged",
        assertThrows(
                RefusedException.class,
                () ->
                    StreamPipe.connect(
                        "test",
                        out -> {
                          throw new RefusedException("the file is damaged");
                        },
                        in -> {
                          if (in.readAllBytes().length == 0) {
                            throw new IOException("unexpected end");
                          }
                          return true;
                        }))
            .getMessage());
  }

  @Test
  void aReaderThatFailsEndsTheWriter() {
    assertEquals(
        "full",
        assertThrows(
                UncheckedIOException.class,
                () ->
                    StreamPipe.connect(
                        "test",
                        out -> {
                          while (true) {
                            out.write(MUCH);
                          }
                        },
                        in -> {
                          throw new IOException("full");
                        }))
            .getMessage());
  }

  @Test
  void aWriterWhosePipeIsClosedIsNotTheCause() {
    IllegalStateException failure =
        assertThrows(
            IllegalStateException.class,
            () ->
                StreamPipe.connect(
                    "writing",
                    out -> {
                      try {
                        while (true) {
                          out.write(new byte[1 << 16]);
                        }
                      } catch (IOException e) {
                        throw new UncheckedIOException("as a client of an engine tells it", e);
                      }
                    },
                    in -> {
                      throw new IllegalStateException("the disk is full");
                    }));
    assertEquals("the disk is full", failure.getMessage());
  }

  @Test
  void aReaderThatFailsInTheMiddleIsNotTheWritersFailure() {
    assertEquals(
        "the disk is full",
        assertThrows(
                UncheckedIOException.class,
                () ->
                    StreamPipe.connect(
                        "test",
                        out -> {
                          try {
                            out.write(MUCH);
                          } catch (IOException e) {
                            throw new RefusedException("a program that tells of a broken pipe", e);
                          }
                        },
                        in -> {
                          assertEquals(0, in.read());
                          throw new IOException("the disk is full");
                        }))
            .getMessage());
  }
}
