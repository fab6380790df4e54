package dev.orchestrator.demo;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Plain HTTP as a browser or a script does it, without following redirects. */
final class HttpRequests {
  private HttpRequests() {}

  /** An answer. */
  record Answer(int status, String location, List<String> cookies, String body) {

    /** The cookies as the next request sends them. */
    String cookieHeader() {
      return String.join("; ", cookies.stream().map(each -> each.split(";", 2)[0]).toList());
    }
  }

  static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  static Answer get(String url, Map<String, String> headers) throws IOException {
    return send("GET", url, headers, null);
  }

  static Answer post(String url, Map<String, String> headers, String body) throws IOException {
    return send("POST", url, headers, body);
  }

  private static Answer send(
      String method, String url, Map<String, String> headers, @Nullable String body)
      throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setConnectTimeout(60_000);
    connection.setReadTimeout(90_000);
    connection.setInstanceFollowRedirects(false);
    connection.setRequestMethod(method);
    // A client that keeps no connection over the switch: each request is a new one.
    connection.setRequestProperty("Connection", "close");
    headers.forEach(connection::setRequestProperty);
    if (body != null) {
      connection.setDoOutput(true);
      connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
    }
    int status = connection.getResponseCode();
    List<String> cookies = new ArrayList<>();
    connection
        .getHeaderFields()
        .forEach((name, values) -> {
          if ("Set-Cookie".equalsIgnoreCase(name)) {
            cookies.addAll(values);
          }
        });
    String location = connection.getHeaderField("Location");
    InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream();
    String text = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    return new Answer(status, location == null ? "" : location, cookies, text);
  }
}
