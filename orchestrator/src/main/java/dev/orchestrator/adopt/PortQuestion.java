package dev.orchestrator.adopt;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks a public port what it speaks: a service that greets first is not HTTP and is sent nothing;
 * else one request, {@code GET /}, bounded in time and size. Calls block.
 */
final class PortQuestion {
  private static final int CONNECT_MILLIS = 2000;
  private static final int GREETING_MILLIS = 300;
  private static final int ANSWER_MILLIS = 5000;
  private static final int MOST_BYTES = 256 * 1024;
  private static final Pattern STATUS =
      Pattern.compile("HTTP/1\\.[01] (?<status>[1-5][0-9]{2})\\b");
  private static final Pattern TITLE =
      Pattern.compile("(?is)<title(?:\\s[^>]*)?>\\s*(?<title>[^<]{1,200}?)\\s*</title>");
  private static final Pattern TLS = Pattern.compile("(?i)https|\\bTLS\\b|\\bSSL\\b");

  /**
   * What a port answered.
   *
   * @param open whether something accepted the connection
   * @param status of the answer to {@code GET /}; 0 when it is not HTTP
   * @param title as it stands in the answer's HTML; empty for none
   */
  record Answer(boolean open, int status, String title) {
    static final Answer CLOSED = new Answer(false, 0, "");
    static final Answer NOT_HTTP = new Answer(true, 0, "");

    boolean http() {
      return status > 0;
    }
  }

  private PortQuestion() {}

  static Answer ask(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
      socket.setSoTimeout(GREETING_MILLIS);
      InputStream in = socket.getInputStream();
      try {
        int _ = in.read();
        return Answer.NOT_HTTP; // it greets, or closes at once
      } catch (SocketTimeoutException e) {
        socket.setSoTimeout(ANSWER_MILLIS);
      }
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: orchestrator\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                  .formatted(host, port)
                  .getBytes(StandardCharsets.US_ASCII));
      return parse(read(in));
    } catch (IOException e) {
      // Nobody there, or it closed on what it does not understand: then it accepted before.
      return e instanceof ConnectException ? Answer.CLOSED : Answer.NOT_HTTP;
    }
  }

  private static String read(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    long end = System.nanoTime() + ANSWER_MILLIS * 1_000_000L;
    try {
      while (bytes.size() < MOST_BYTES && System.nanoTime() < end) {
        int count = in.read(buffer);
        if (count < 0) {
          break;
        }
        bytes.write(buffer, 0, count);
      }
    } catch (SocketTimeoutException e) {
      // What came until now is the answer.
      return bytes.toString(StandardCharsets.UTF_8);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  static Answer parse(String answer) {
    Matcher status = STATUS.matcher(answer);
    if (!status.lookingAt()) {
      return Answer.NOT_HTTP;
    }
    int code = Integer.parseInt(status.group("status"));
    // A TLS port answers a plain request so.
    if (code == 400 && TLS.matcher(answer).find()) {
      return Answer.NOT_HTTP;
    }
    Matcher title = TITLE.matcher(answer);
    return new Answer(true, code, title.find() ? title.group("title") : "");
  }
}
