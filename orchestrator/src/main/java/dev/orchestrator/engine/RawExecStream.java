package dev.orchestrator.engine;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a command over a connection of its own: the client library does not pass on the
 * end of a command's input.
 */
final class RawExecStream implements ExecStream {
  private static final int STDERR = 2;
  private static final int LONGEST_HEAD = 16 * 1024;

  /** A connection, whose two directions end on their own. */
  private interface Wire extends Closeable {
    InputStream in() throws IOException;

    OutputStream out() throws IOException;

    void endOutput() throws IOException;
  }

  private final Wire wire;
  private final InputStream in;
  private final OutputStream out;
  private final LineSplitter errors;
  private final IntSupplier exitCode;

  private RawExecStream(Wire wire, Consumer<String> errorLine, IntSupplier exitCode)
      throws IOException {
    this.wire = wire;
    this.in = new BufferedInputStream(wire.in(), 1 << 16);
    this.out = wire.out();
    this.errors = new LineSplitter(errorLine);
    this.exitCode = exitCode;
  }

  /**
   * Starts a command that was created.
   *
   * @param path of the request
   * @param tls for a tcp address; null for one without
   */
  static RawExecStream start(
      String address,
      @Nullable SSLContext tls,
      String path,
      Consumer<String> errorLine,
      IntSupplier exitCode)
      throws IOException {
    Wire wire = connect(address, tls);
    try {
      RawExecStream stream = new RawExecStream(wire, errorLine, exitCode);
      stream.begin(path);
      return stream;
    } catch (IOException e) {
      wire.close();
      throw e;
    }
  }

  private static Wire connect(String address, @Nullable SSLContext tls) throws IOException {
    if (address.startsWith("unix://")) {
      SocketChannel channel =
          SocketChannel.open(
              UnixDomainSocketAddress.of(Path.of(address.substring("unix://".length()))));
      return new Wire() {
        @Override
        public InputStream in() {
          return Channels.newInputStream(channel);
        }

        @Override
        public OutputStream out() {
          return Channels.newOutputStream(channel);
        }

        @Override
        public void endOutput() throws IOException {
          channel.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
          channel.close();
        }
      };
    }
    String authority = address.substring("tcp://".length());
    int colon = authority.lastIndexOf(':');
    String host = authority.substring(0, colon).replaceAll("^\\[|]$", "");
    int port = Integer.parseInt(authority.substring(colon + 1));
    Socket socket =
        tls == null ? new Socket(host, port) : tls.getSocketFactory().createSocket(host, port);
    if (socket instanceof SSLSocket secure) {
      // Before 1.3 the end of one direction is the end of both.
      secure.setEnabledProtocols(new String[] {"TLSv1.3"});
      secure.setEnabledCipherSuites(
          Stream.of(secure.getSupportedCipherSuites())
              .filter(suite -> suite.startsWith("TLS_AES_") || suite.startsWith("TLS_CHACHA20_"))
              .toArray(String[]::new));
    }
    return new Wire() {
      @Override
      public InputStream in() throws IOException {
        return socket.getInputStream();
      }

      @Override
      public OutputStream out() throws IOException {
        return socket.getOutputStream();
      }

      @Override
      public void endOutput() throws IOException {
        socket.shutdownOutput();
      }

      @Override
      public void close() throws IOException {
        socket.close();
      }
    };
  }

  private void begin(String path) throws IOException {
    String body = "{\"Detach\":false,\"Tty\":false}";
    out.write(
        """
        POST %s HTTP/1.1\r
        Host: docker\r
        Content-Type: application/json\r
        Connection: Upgrade\r
        Upgrade: tcp\r
        Content-Length: %d\r
        \r
        %s\
        """
            .formatted(path, body.length(), body)
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
    String head = head();
    if (!head.matches("(?s)HTTP/1\\.1 (101|200) .*")) {
      throw new IOException("the engine answers " + head.lines().findFirst().orElse("nothing"));
    }
  }

  private String head() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (head.size() < LONGEST_HEAD) {
      int read = in.read();
      if (read < 0) {
        throw new EOFException("the engine closed the connection");
      }
      head.write(read);
      if (read == '\n' && head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        return head.toString(StandardCharsets.ISO_8859_1);
      }
    }
    throw new IOException("the engine's answer has no end");
  }

  @Override
  public OutputStream input() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        out.write(b);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
      }

      @Override
      public void flush() throws IOException {
        out.flush();
      }

      @Override
      public void close() throws IOException {
        out.flush();
        wire.endOutput();
      }
    };
  }

  @Override
  public InputStream output() {
    return new FrameStream();
  }

  /** Takes the frames apart in which an engine sends both outputs of a command. */
  private final class FrameStream extends InputStream {
    private int left;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      while (left == 0) {
        byte[] head = in.readNBytes(8);
        if (head.length == 0) {
          errors.end();
          return -1;
        }
        if (head.length < 8) {
          throw new EOFException("the engine closed the connection within a frame");
        }
        int size = ByteBuffer.wrap(head, 4, 4).getInt();
        if (head[0] == STDERR) {
          errors.add(in.readNBytes(size));
        } else {
          left = size;
        }
      }
      int read = in.read(bytes, offset, Math.min(length, left));
      if (read < 0) {
        throw new EOFException("the engine closed the connection within a frame");
      }
      left -= read;
      return read;
    }
  }

  @Override
  public int exitCode() {
    return exitCode.getAsInt();
  }

  @Override
  public void close() {
    try {
      wire.close();
    } catch (IOException _) {
      return; // It is closed already.
    }
  }
}
