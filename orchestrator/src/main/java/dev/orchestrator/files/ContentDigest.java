package dev.orchestrator.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over a sequence of parts. Each part counts with its length, so that two sequences with
 * the same bytes, cut in other places, have different digests. One thread at a time.
 */
public final class ContentDigest {
  /** So many digits of a digest are used in names and tags. */
  public static final int SHORT = 12;

  private static final int BUFFER_BYTES = 1 << 16;

  private final MessageDigest digest;

  public ContentDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The digest of texts. */
  public static String of(String... parts) {
    ContentDigest digest = new ContentDigest();
    for (String part : parts) {
      digest.add(part);
    }
    return digest.hex();
  }

  /** The plain SHA-256 of a file, as sha256sum prints it. */
  public static String ofFile(Path file) throws IOException {
    ContentDigest digest = new ContentDigest();
    digest.addContent(file);
    return digest.hex();
  }

  public ContentDigest add(String part) {
    return add(part.getBytes(StandardCharsets.UTF_8));
  }

  public ContentDigest add(byte[] part) {
    addLength(part.length);
    digest.update(part);
    return this;
  }

  /** Adds the content of a file. */
  public ContentDigest add(Path file) throws IOException {
    addLength(Files.size(file));
    addContent(file);
    return this;
  }

  private void addContent(Path file) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
  }

  /** Ends the sequence; returns the digest as 64 hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void addLength(long bytes) {
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(bytes).flip());
  }
}
