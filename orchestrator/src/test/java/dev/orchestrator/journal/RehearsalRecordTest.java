package dev.orchestrator.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.common.Json;
import org.junit.jupiter.api.Test;

final class RehearsalRecordTest {

  @Test
  void anOlderServicesAnswerIsRead() {
    RehearsalRecord read =
        Json.read(
            """
            {"version": "v2", "content": "c", "run": "u3", "from": 1,
             "dataAt": "2026-11-27T20:00:00Z", "good": true, "services": {}, "reason": ""}
            """,
            RehearsalRecord.class);
    assertEquals(0, read.disk());
    assertEquals(RehearsalRecord.Changed.NOTHING, read.changed());
  }
}
