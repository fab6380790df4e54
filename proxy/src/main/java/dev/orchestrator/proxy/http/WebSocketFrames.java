package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.tcp.StreamEnding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the ends of the frames of a websocket (RFC 6455, 5.2), as its service sends them, to put a
 * close frame behind the last. Between two frames of a message, too, a close frame may stand.
 */
final class WebSocketFrames implements StreamEnding {
  private static final int OPCODE = 0x0F;
  private static final int OPCODE_CLOSE = 8;
  private static final int MASKED = 0x80;
  private static final int LENGTH = 0x7F;
  private static final int LENGTH_OF_16_BITS = 126;
  private static final int LENGTH_OF_64_BITS = 127;
  private static final int MASK_BYTES = 4;

  /** A frame that ends the connection, with a status of two bytes. */
  private static final int CLOSE_FRAME = 0x8802;

  /** "Going away", RFC 6455, 7.4.1. */
  private static final int GOING_AWAY = 1001;

  /** "Service restart": the client may connect again. In IANA's registry of close codes. */
  private static final int SERVICE_RESTART = 1012;

  /** Bytes of the frame's header that were read; 0 between two frames. */
  private int headerRead;

  private int lengthBytes;
  private int maskBytes;
  private boolean closeFrame;
  private boolean closed;
  private boolean malformed;
  private long payloadLeft;

  @Override
  public void follow(ByteBuffer bytes) {
    while (bytes.hasRemaining() && !malformed) {
      if (isHeaderComplete()) {
        int skipped = (int) Math.min(payloadLeft, bytes.remaining());
        bytes.position(bytes.position() + skipped);
        payloadLeft -= skipped;
      } else {
        readHeader(bytes.get() & 0xFF);
      }
      if (isHeaderComplete() && payloadLeft == 0) {
        closed |= closeFrame;
        headerRead = 0;
      }
    }
  }

  /** The first two bytes tell how many follow. */
  private boolean isHeaderComplete() {
    return headerRead > 1 && headerRead == 2 + lengthBytes + maskBytes;
  }

  private void readHeader(int value) {
    if (headerRead == 0) {
      closeFrame = (value & OPCODE) == OPCODE_CLOSE;
      lengthBytes = 0;
      maskBytes = 0;
      payloadLeft = 0;
    } else if (headerRead == 1) {
      int length = value & LENGTH;
      lengthBytes = length == LENGTH_OF_16_BITS ? 2 : length == LENGTH_OF_64_BITS ? 8 : 0;
      maskBytes = (value & MASKED) == 0 ? 0 : MASK_BYTES;
      payloadLeft = lengthBytes == 0 ? length : 0;
    } else if (headerRead < 2 + lengthBytes) {
      payloadLeft = payloadLeft << 8 | value;
      malformed = payloadLeft < 0; // longer than the protocol allows
    }
    headerRead++;
  }

  @Override
  public @Nullable ByteBuf lastBytes(boolean idle) {
    if (headerRead != 0 || closed || malformed) {
      return null;
    }
    return Unpooled.buffer(4)
        .writeShort(CLOSE_FRAME)
        .writeShort(idle ? GOING_AWAY : SERVICE_RESTART);
  }
}
