package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class OriginalJsonTest {

  @Test
  void whatIsWrittenIsReadAgain() {
    Original original =
        new Original(
            "photos",
            List.of(
                new OriginalContainer(
                    "0123",
                    "photos-db-1",
                    "db",
                    "on-failure:3",
                    true,
                    Duration.ofMillis(1500),
                    List.of("cache"),
                    List.of(new OriginalPort("::", 5432, 5432, "tcp")))),
            List.of(
                new OriginalData("volumes/db", "photos_db", null),
                new OriginalData("binds/conf", null, Path.of("/srv/photos/a folder"))));
    assertEquals(original, OriginalJson.read(OriginalJson.write(original)));
  }
}
