package dev.orchestrator.proxy.tcp;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Follows what a target sends, so that a relay that is cut can tell the client in the protocol's
 * own way. Used on the event loop of the relay.
 */
public interface StreamEnding {
  /** Is shown the remaining bytes, which go to the client; it does not keep the buffer. */
  void follow(ByteBuffer bytes);

  /**
   * What to send before the end of the stream, to be released by the caller; null where the
   * protocol allows nothing at this point.
   *
   * @param idle the relay is cut as nothing has moved on it; else it is drained
   */
  @Nullable ByteBuf lastBytes(boolean idle);
}
