package dev.orchestrator.testing;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Generations for tests. */
public final class GenerationFixture {

  public static final Instant START = Instant.parse("2026-11-02T04:00:00Z");

  private GenerationFixture() {}

  public static Generation generation(int number, String version) {
    return new Generation(
        number,
        version,
        "sha256:" + version,
        "orchestrator/demo:" + version,
        "demo-" + number,
        List.of(
            DataVolume.plain(
                DataVolume.MAIN, "demo-data-" + number, DataVolume.Method.COPY, List.of())),
        "demo-store-" + number,
        Map.of("web:80", 20080, "db:3306", 23306),
        START);
  }

  /** A journal in which v1 serves as generation 1. */
  public static void serveFirst(Journal journal) {
    serveNext(journal, UpgradeRecord.Kind.UP, "", "v1");
  }

  /** An upgrade from end to end; returns its id. */
  public static String serveNext(Journal journal, UpgradeRecord.Kind kind, String from, String to) {
    Integer serving = journal.serving().map(Generation::number).orElse(null);
    String id = journal.begin(kind, from, to, serving).id();
    int number = journal.nextGeneration();
    journal.addCandidate(id, generation(number, to));
    journal.switchTo(id, number);
    journal.end(id, UpgradeRecord.Outcome.DONE, "");
    return id;
  }
}
