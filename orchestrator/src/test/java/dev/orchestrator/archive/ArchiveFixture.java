package dev.orchestrator.archive;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Archives of a small stack. */
public final class ArchiveFixture {
  public static final ArchiveHead HEAD =
      new ArchiveHead("0.1.0", "shop", "1.0", "amd64", Instant.parse("2026-11-27T05:00:00Z"));
  static final char[] PASSPHRASE = "correct horse".toCharArray();
  static final SavedImageFixture IMAGE = new SavedImageFixture("amd64");

  /** A little more than two parts. */
  static final byte[] DATA = random(2 * DataLayer.PART + 1000);

  static final byte[] MEDIA = random(5000);

  private ArchiveFixture() {}

  public static ArchiveContents withoutData(Path file) {
    try (ArchiveWriter writer = new ArchiveWriter(file, HEAD)) {
      writer.image(IMAGE.saved(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      writer.files(bytes("a tar"));
      return writer.finish(Map.of("stack.conf", "routes = auto\n"));
    }
  }

  public static ArchiveContents withoutSecrets(Path file) {
    try (ArchiveWriter writer = new ArchiveWriter(file, HEAD)) {
      writer.image(
          IMAGE.saved(),
          SavedImageFixture.REFERENCE,
          new SecretFilter(Map.of("DB_PASSWORD", "hunter2"), Set.of("secrets/key")));
      writer.files(bytes("a tar"));
      return writer.finish(Map.of("stack.conf", "routes = auto\n"));
    }
  }

  public static ArchiveContents withData(Path file) {
    try (ArchiveWriter writer = new ArchiveWriter(file, HEAD)) {
      writer.image(IMAGE.old(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
      writer.volume("data", new ByteArrayInputStream(DATA), 40_000_000, 120);
      writer.volume("media", new ByteArrayInputStream(MEDIA), 6_000, 3);
      writer.secrets(new SecretBundle(Map.of("DB_PASSWORD", "hunter2"), Map.of()), PASSPHRASE);
      return writer.finish(Map.of());
    }
  }

  /** The digests of the image's blobs. */
  public static List<String> digests() {
    try {
      return BlobDigests.of(IMAGE.saved(), SecretFilter.NONE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An archive with everything that one can have, but for secrets, or without the large volume. */
  public static ArchiveContents fill(ArchiveWriter writer, boolean large) {
    writer.image(IMAGE.saved(), SavedImageFixture.REFERENCE, SecretFilter.NONE);
    if (large) {
      writer.volume("data", new ByteArrayInputStream(DATA), 40_000_000, 120);
    }
    writer.volume("media", new ByteArrayInputStream(MEDIA), 6_000, 3);
    writer.files(bytes("a tar"));
    return writer.finish(Map.of("stack.conf", "routes = auto\n"));
  }

  static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
