package dev.orchestrator.proxy.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** HTTP/1.1 on a plain socket: sends exactly the bytes that a test gives. */
public final class RawHttpConnection implements AutoCloseable {
  public final Socket socket;
  public final InputStream in;

  /** A message's head and, where it has one, its body. */
  public record Message(String start, List<String> fields, String body, List<String> trailers) {
    /** The value of a field, or the empty string. */
    public String field(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ":";
      return String.join(
          ", ",
          fields.stream()
              .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
              .map(line -> line.substring(prefix.length()).strip())
              .toList());
    }

    public int status() {
      return Integer.parseInt(start.split(" ", -1)[1]);
    }
  }

  public RawHttpConnection(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  public void send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  public void get(String path) throws IOException {
    send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }

  /** Reads a whole message; without a length and chunks it has no body. */
  public Message read() throws IOException {
    return body(head());
  }

  public Message head() throws IOException {
    List<String> lines = lines();
    return new Message(lines.getFirst(), lines.subList(1, lines.size()), "", List.of());
  }

  public Message body(Message head) throws IOException {
    if (head.field("transfer-encoding").equals("chunked")) {
      StringBuilder body = new StringBuilder();
      for (String chunk = chunk(); !chunk.isEmpty(); chunk = chunk()) {
        body.append(chunk);
      }
      return new Message(head.start(), head.fields(), body.toString(), lines());
    }
    String length = head.field("content-length");
    String body = length.isEmpty() ? "" : text(Integer.parseInt(length));
    return new Message(head.start(), head.fields(), body, List.of());
  }

  /** Reads one chunk; empty for the last chunk, whose trailers are not read. */
  public String chunk() throws IOException {
    int size = Integer.parseInt(line(), 16);
    if (size == 0) {
      return "";
    }
    String data = text(size);
    if (!line().isEmpty()) {
      throw new IOException("no end of the chunk");
    }
    return data;
  }

  public String text(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("ended after " + bytes.length + " of " + count);
    }
    return new String(bytes, ISO_8859_1);
  }

  public String rest() throws IOException {
    return new String(in.readAllBytes(), ISO_8859_1);
  }

  private List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      lines.add(line);
    }
    return lines;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("ended after \"" + line + "\"");
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
