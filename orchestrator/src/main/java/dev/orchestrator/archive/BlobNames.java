package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import java.security.MessageDigest;

/** How blobs are named after their digests, for other targets than a file. */
public final class BlobNames {
  private BlobNames() {}

  /** The digest of what is added to it. Not thread-safe. */
  public static final class Sum {
    private final MessageDigest digest = Sha256.digest();

    public void add(byte[] bytes, int from, int length) {
      digest.update(bytes, from, length);
    }

    /** Ends it: 64 hexadecimal digits. */
    public String hex() {
      return Sha256.hex(digest);
    }
  }

  /** The entry that these bytes are. */
  public static Entry of(byte[] content) {
    return ArchiveFile.blobOf(content);
  }

  /** The name of an entry, by hexadecimal digits. */
  public static String name(String sha256) {
    return ArchiveFile.blobName(sha256);
  }

  /** The name of an entry, by a digest as OCI writes it. */
  public static String ofDigest(String digest) {
    return name(digest.replaceFirst("^" + Sha256.PREFIX, ""));
  }

  /** A digest as OCI writes it. */
  public static String digest(String sha256) {
    return Sha256.PREFIX + sha256;
  }

  public static boolean isBlob(String name) {
    return name.startsWith(ArchiveFile.blobName(""));
  }
}
