package dev.orchestrator.proxy.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where a close frame may be put into a stream of frames. */
class WebSocketFramesTest {
  private static final int TEXT = 0x81;
  private static final int FIRST_FRAGMENT = 0x01;
  private static final int LAST_FRAGMENT = 0x80;
  private static final int PING = 0x89;
  private static final int CLOSE = 0x88;

  private static byte[] frame(int first, boolean masked, int length) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      int mask = masked ? 0x80 : 0;
      out.writeByte(first);
      if (length < 126) {
        out.writeByte(mask | length);
      } else if (length < 65_536) {
        out.writeByte(mask | 126);
        out.writeShort(length);
      } else {
        out.writeByte(mask | 127);
        out.writeLong(length);
      }
      byte[] payload = new byte[length + (masked ? 4 : 0)];
      new Random(length).nextBytes(payload);
      out.write(payload);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] closeFrame(WebSocketFrames frames, boolean idle) {
    ByteBuf bytes = Objects.requireNonNull(frames.lastBytes(idle));
    byte[] copy = ByteBufUtil.getBytes(bytes);
    bytes.release();
    return copy;
  }

  private static void assertEndsHere(WebSocketFrames frames) {
    assertArrayEquals(new byte[] {(byte) 0x88, 2, 3, (byte) 0xF4}, closeFrame(frames, false));
  }

  private static WebSocketFrames after(byte[] bytes, int count) {
    WebSocketFrames frames = new WebSocketFrames();
    frames.follow(ByteBuffer.wrap(bytes, 0, count));
    return frames;
  }

  @Test
  void beforeTheFirstFrameTheStreamMayEnd() {
    assertEndsHere(new WebSocketFrames());
    // 1001, as nothing has moved
    assertArrayEquals(
        new byte[] {(byte) 0x88, 2, 3, (byte) 0xE9}, closeFrame(new WebSocketFrames(), true));
  }

  @Test
  void insideAFrameItMayNotAndBehindItItMay() {
    for (int length : new int[] {0, 1, 125, 126, 127, 65_535, 65_536, 70_000}) {
      for (boolean masked : new boolean[] {false, true}) {
        byte[] bytes = frame(TEXT, masked, length);
        for (int count = 1; count < bytes.length; count += count < 20 ? 1 : 997) {
          assertNull(after(bytes, count).lastBytes(false), length + " bytes, at " + count);
        }
        assertNull(after(bytes, bytes.length - 1).lastBytes(false));
        assertEndsHere(after(bytes, bytes.length));
      }
    }
  }

  @Test
  void betweenTheFragmentsOfAMessageItMay() {
    WebSocketFrames frames = new WebSocketFrames();
    frames.follow(ByteBuffer.wrap(frame(FIRST_FRAGMENT, false, 10)));
    assertEndsHere(frames);
    frames.follow(ByteBuffer.wrap(frame(PING, false, 3)));
    frames.follow(ByteBuffer.wrap(frame(LAST_FRAGMENT, false, 300)));
    assertEndsHere(frames);
  }

  @Test
  void behindTheServicesOwnCloseFrameNothingFollows() {
    WebSocketFrames frames = new WebSocketFrames();
    frames.follow(ByteBuffer.wrap(frame(CLOSE, false, 2)));
    assertNull(frames.lastBytes(false));
  }

  @Test
  void aLengthThatCannotBeIsNoFrame() {
    byte[] bytes = new byte[20];
    Arrays.fill(bytes, (byte) 0xFF);
    assertNull(after(bytes, bytes.length).lastBytes(false));
  }

  @Test
  void itDoesNotMatterInWhichPiecesFramesCome() {
    Random random = new Random(7);
    for (int run = 0; run < 200; run++) {
      var stream = new ByteArrayOutputStream();
      List<Integer> ends = new ArrayList<>(List.of(0));
      for (int i = 0; i < 8; i++) {
        int[] lengths = {
          random.nextInt(126), 126 + random.nextInt(500), 65_536 + random.nextInt(9)
        };
        byte[] next = frame(TEXT, random.nextBoolean(), lengths[random.nextInt(3)]);
        stream.writeBytes(next);
        ends.add(stream.size());
      }
      byte[] all = stream.toByteArray();
      WebSocketFrames frames = new WebSocketFrames();
      int at = 0;
      while (at < all.length) {
        int next = Math.min(all.length, at + 1 + random.nextInt(random.nextBoolean() ? 5 : 70_000));
        // Often just at an end.
        int from = at;
        int near = ends.stream().filter(end -> end > from).findFirst().orElseThrow();
        next = random.nextBoolean() ? Math.min(next, near) : next;
        frames.follow(ByteBuffer.wrap(all, at, next - at));
        at = next;
        assertEquals(ends.contains(at), frames.lastBytes(false) != null);
      }
    }
  }
}
