package dev.orchestrator.demo;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** A person with a browser: logged in to WordPress, and with a preference set in qBittorrent. */
final class VisitorLoad {
  private static final Map<String, String> FORM =
      Map.of("Content-Type", "application/x-www-form-urlencoded");

  private final String site;
  private final String torrent;
  private String session = "";

  VisitorLoad(int webPort, int torrentPort) {
    this.site = "http://127.0.0.1:" + webPort;
    this.torrent = "http://127.0.0.1:" + torrentPort;
  }

  void logIn() throws IOException {
    Map<String, String> headers = new HashMap<>(FORM);
    headers.put("Cookie", "wordpress_test_cookie=WP%20Cookie%20check");
    HttpRequests.Answer answer =
        HttpRequests.post(
            site + "/wp-login.php", headers, "log=admin&pwd=demoAdmin2026&testcookie=1");
    session = answer.cookieHeader();
  }

  /** Whether the session of the log-in is still good. */
  boolean loggedIn() throws IOException {
    HttpRequests.Answer answer =
        HttpRequests.get(site + "/wp-admin/profile.php", Map.of("Cookie", session));
    return answer.status() == 200 && answer.body().contains("value=\"admin\"");
  }

  private Map<String, String> torrentSession() throws IOException {
    HttpRequests.Answer answer =
        HttpRequests.post(
            torrent + "/api/v2/auth/login", FORM, "username=admin&password=demo-torrent");
    Map<String, String> headers = new HashMap<>(FORM);
    headers.put("Cookie", answer.cookieHeader());
    return headers;
  }

  void setDownloadLimit(int bytesPerSecond) throws IOException {
    String json = "{\"alt_dl_limit\":" + bytesPerSecond + "}";
    HttpRequests.Answer answer =
        HttpRequests.post(
            torrent + "/api/v2/app/setPreferences",
            torrentSession(),
            "json=" + URLEncoder.encode(json, StandardCharsets.UTF_8));
    if (answer.status() != 200) {
      throw new IOException("setPreferences answered " + answer.status());
    }
  }

  /** qBittorrent's preferences, as JSON. */
  String preferences() throws IOException {
    return HttpRequests.get(torrent + "/api/v2/app/preferences", torrentSession()).body();
  }
}
