package dev.orchestrator.archive;

import dev.orchestrator.archive.ArchiveContents.Entry;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Where an archive goes to, entry by entry: a file, or a registry. One thread at a time. */
public interface ArchiveTarget extends Closeable {

  /** Everything that was written, in its order. */
  List<Entry> entries();

  /** Writes a blob of the image, whose name is its digest; the same blob is there once. */
  Content blob() throws IOException;

  /** Writes an entry with a name of its own. */
  Content named(String name) throws IOException;

  /** Makes the whole visible, which is complete now. */
  void publish() throws IOException;

  /** Its name in messages. */
  String description();

  /** The content of one entry, which must be ended before the next begins. */
  abstract class Content extends OutputStream {
    /** Ends it; may be asked again. */
    public abstract Entry end() throws IOException;
  }

  default Entry blob(byte[] content) throws IOException {
    try (Content out = blob()) {
      out.write(content);
      return out.end();
    }
  }

  default Entry entry(String name, byte[] content) throws IOException {
    try (Content out = named(name)) {
      out.write(content);
      return out.end();
    }
  }

  default Entry entry(String name, InputStream content) throws IOException {
    try (Content out = named(name)) {
      content.transferTo(out);
      return out.end();
    }
  }
}
