package dev.orchestrator.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Posts articles to the demo's WordPress through its route, and reads each back. It notes whether
 * an answer was WordPress's set-up page, which is shown when the database is empty.
 */
final class WebLoad extends NumberedLoad {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> AUTHOR =
      Map.of(
          "Authorization",
          HttpRequests.basic("admin", "demoAdmin2026"),
          "Content-Type",
          "application/json");

  private final String site;
  private final String client;
  private volatile String setUpPage = "";

  WebLoad(int port, String client) {
    super("web-" + client);
    this.site = "http://127.0.0.1:" + port;
    this.client = client;
  }

  @Override
  void write(long number) throws IOException {
    String body =
        "{\"title\":\"%s-%d\",\"content\":\"row %d\",\"status\":\"publish\"}"
            .formatted(client, number, number);
    HttpRequests.Answer posted =
        HttpRequests.post(site + "/?rest_route=/wp/v2/posts", AUTHOR, body);
    noteSetUpPage(posted);
    if (posted.status() != 201) {
      throw new IOException("POST answered " + posted.status());
    }
    long id = JSON.readTree(posted.body()).path("id").asLong();
    HttpRequests.Answer read =
        HttpRequests.get(site + "/?rest_route=/wp/v2/posts/" + id + "&_fields=id,title", Map.of());
    noteSetUpPage(read);
    // The post was acknowledged: whether it can be read is for `missing` to find out.
  }

  private void noteSetUpPage(HttpRequests.Answer answer) {
    if (answer.location().contains("install.php")
        || answer.body().contains("wp-admin/install.php")) {
      setUpPage = answer.status() + " " + answer.location();
    }
  }

  /** The answer that was the set-up page; empty when none was. */
  String setUpPage() {
    return setUpPage;
  }

  @Override
  Set<Long> found() throws IOException {
    Set<Long> found = new TreeSet<>();
    for (int page = 1; ; page++) {
      HttpRequests.Answer answer =
          HttpRequests.get(
              site
                  + "/?rest_route=/wp/v2/posts&per_page=100&_fields=title&search="
                  + client
                  + "&page="
                  + page,
              Map.of());
      if (answer.status() == 400) {
        return found; // Past the last page.
      }
      if (answer.status() != 200) {
        throw new IOException("listing posts answered " + answer.status());
      }
      JsonNode posts = JSON.readTree(answer.body());
      for (JsonNode post : posts) {
        String title = post.path("title").path("rendered").asText();
        if (title.startsWith(client + "-")) {
          found.add(Long.parseLong(title.substring(client.length() + 1)));
        }
      }
      if (posts.size() < 100) {
        return found;
      }
    }
  }
}
