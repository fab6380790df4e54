package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.model.PullResponseItem;
import dev.orchestrator.engine.EngineException.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DockerPullTest {
  private Instant now = Instant.EPOCH;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app|app|latest",
        "app:v1|app|v1",
        "host:5000/app|host:5000/app|latest",
        "host:5000/a/app:v1|host:5000/a/app|v1",
        "app@sha256:12|app@sha256:12|''",
        "app:v1@sha256:12|app:v1@sha256:12|''",
      })
  void referencesAreCutForTheApi(String reference, String repository, String tag) {
    assertEquals(new ImageReference(repository, tag), ImageReference.parse(reference));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "REFUSED|Get https://r/v2/: dial tcp: lookup r: no such host|UNREACHABLE",
        "REFUSED|Get https://r/v2/: net/http: TLS handshake timeout|UNREACHABLE",
        "NOT_FOUND|manifest for app:v9 not found: manifest unknown|NOT_FOUND",
        "NOT_FOUND|pull access denied for app, repository does not exist|NOT_FOUND",
        "REFUSED|unauthorized: authentication required|NOT_FOUND",
        "REFUSED|no space left on device|REFUSED",
      })
  void theReasonDecidesTheKind(Kind said, String words, Kind kind) {
    assertEquals(kind, DockerPull.explained("app:v9", new EngineException(said, words)).kind());
  }

  @Test
  void layersAreAddedUpOnceASecond() throws JsonProcessingException {
    List<String> lines = new ArrayList<>();
    PullProgress progress = new PullProgress("app:v1", () -> now, lines::add);
    for (int layer = 0; layer < 3; layer++) {
      progress.onNext(item("{'status':'Pulling fs layer','id':'%d'}".formatted(layer)));
    }
    for (int step = 1; step <= 30; step++) {
      now = now.plus(Duration.ofMillis(100));
      progress.onNext(
          item(
              "{'status':'Downloading','id':'1','progressDetail':{'current':%d,'total':30000000}}"
                  .formatted(step * 1_000_000)));
    }
    progress.onNext(item("{'status':'Pull complete','id':'1'}"));
    progress.onNext(item("{'status':'Already exists','id':'2'}"));
    now = now.plus(Duration.ofSeconds(1));
    progress.onNext(item("{'status':'Waiting','id':'0'}"));
    assertEquals(
        List.of(
            "pulling app:v1: 0 of 3 layers, 10 of 30 MB",
            "pulling app:v1: 0 of 3 layers, 20 of 30 MB",
            "pulling app:v1: 0 of 3 layers, 30 of 30 MB",
            "pulling app:v1: 2 of 3 layers, 30 of 30 MB"),
        lines);
    progress.onNext(item("{'errorDetail':{'message':'toomanyrequests'}}"));
    assertEquals("toomanyrequests", progress.error().orElseThrow());
  }

  private static PullResponseItem item(String json) throws JsonProcessingException {
    return new ObjectMapper()
        .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
        .readValue(json.replace('\'', '"'), PullResponseItem.class);
  }
}
