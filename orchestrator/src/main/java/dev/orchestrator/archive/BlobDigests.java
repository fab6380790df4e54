package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** The digests of an image's blobs, in the order in which a writer meets them; nothing is kept. */
public final class BlobDigests {
  private BlobDigests() {}

  /** Reads an image as an engine saves it, to its end. */
  public static List<String> of(InputStream saved, SecretFilter without) throws IOException {
    Digesting target = new Digesting();
    SavedImage _ = SavedImage.copy(saved, without, target);
    return target.digests;
  }

  private static final class Digesting implements ArchiveTarget {
    private final List<String> digests = new ArrayList<>();

    @Override
    public List<Entry> entries() {
      return List.of();
    }

    @Override
    public Content blob() {
      BlobNames.Sum sum = new BlobNames.Sum();
      return new Content() {
        private long size;

        @Override
        public void write(int one) {
          write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
          sum.add(bytes, from, length);
          size += length;
        }

        @Override
        public Entry end() {
          String hex = sum.hex();
          digests.add(hex);
          return new Entry(BlobNames.name(hex), size, hex);
        }
      };
    }

    @Override
    public Content named(String name) {
      throw new IllegalStateException("an image has blobs alone");
    }

    @Override
    public void publish() {
      throw new IllegalStateException("nothing is kept");
    }

    @Override
    public String description() {
      return "the image";
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }
}
