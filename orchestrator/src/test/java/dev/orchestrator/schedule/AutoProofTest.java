package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.StackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AutoProofTest {
  private static final Instant EVENING = Instant.parse("2026-11-26T20:00:00Z");
  private static final Instant NIGHT = Instant.parse("2026-11-27T04:00:00Z");

  @TempDir Path home;
  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private StackFixture stack;
  private AutoProof auto;

  @BeforeEach
  void start() {
    stack = new StackFixture(home);
    auto = new AutoProof(stack.control(), Schedule.of("0 4 * * *", ZoneOffset.UTC), now::get);
    stack.control().up("v1");
    for (String name : List.of("a", "b")) {
      String _ = stack.control().createSnapshot(SnapshotRequest.manual(name, null));
    }
  }

  @AfterEach
  void stop() {
    stack.close();
  }

  private void tickAt(Instant time) {
    now.set(time);
    auto.tick();
  }

  private long proofs() {
    return stack.control().history().stream()
        .map(UpgradeRecord::kind)
        .filter(kind -> kind == Kind.PROVE)
        .count();
  }

  @Test
  void provesAllSnapshotsOneAfterTheOtherWhenTheTimeHasCome() {
    tickAt(NIGHT.minusSeconds(1));
    assertEquals(0, proofs());
    tickAt(NIGHT);
    assertEquals(1, proofs());
    tickAt(NIGHT.plusSeconds(10));
    assertEquals(2, proofs());
    tickAt(NIGHT.plusSeconds(20));
    assertEquals(2, proofs(), "once each");
    List<SnapshotStatus> all = stack.control().snapshots();
    assertTrue(all.stream().allMatch(each -> each.proven() != null), all.toString());
    tickAt(NIGHT.plus(Duration.ofDays(1)));
    assertEquals(3, proofs());
  }

  @Test
  void goesOnAfterASnapshotThatWasDeletedMeanwhile() {
    tickAt(NIGHT);
    String left = stack.control().snapshots().getLast().name();
    stack.control().deleteSnapshot(left);
    tickAt(NIGHT.plusSeconds(10));
    tickAt(NIGHT.plusSeconds(20));
    assertEquals(1, proofs());
  }
}
