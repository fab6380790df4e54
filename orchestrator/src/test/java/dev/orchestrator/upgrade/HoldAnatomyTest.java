package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.capsule.ServiceTimes;
import dev.orchestrator.capsule.ServiceTimes.Event;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.Receipt.ServiceSpan;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class HoldAnatomyTest {
  private static final Instant BEGIN = Instant.parse("2026-11-02T05:00:00Z");
  private static final Map<String, List<String>> DEPENDS =
      Map.of("web", List.of("app"), "app", List.of("db"), "db", List.of(), "mail", List.of());

  @Test
  void itNamesTheChainOfWhatWasWaitedFor() {
    Receipt.Hold hold =
        anatomy(6_000)
            .of(
                times(
                    "200 kill web",
                    "200 kill mail",
                    "210 kill web",
                    "300 die web",
                    "310 kill app",
                    "500 die app",
                    "510 kill db",
                    "1300 die db",
                    "1200 die mail"),
                times(
                    "2000 ask db",
                    "2000 ask mail",
                    "2300 start db",
                    "2300 start mail",
                    "2400 healthy mail",
                    "4000 healthy db",
                    "4010 ask app",
                    "4300 start app",
                    "5000 healthy app",
                    "5010 ask web",
                    "5200 start web",
                    "5500 healthy web",
                    "6500 healthy late"));
    assertEquals(
        "hold 100, quiesce 100, web stop 100, quiesce 10, app stop 190, quiesce 10, db stop 790,"
            + " quiesce 200, sync 300, start 200, db start 2000, start 10, app start 990, start 10,"
            + " web start 490, start 100, verify 400",
        path(hold));
    assertEquals(
        List.of(
            new ServiceSpan("mail", "stop", 200, null, 1_200),
            new ServiceSpan("web", "stop", 200, null, 300),
            new ServiceSpan("app", "stop", 310, null, 500),
            new ServiceSpan("db", "stop", 510, null, 1_300),
            new ServiceSpan("db", "start", 2_000, 2_300L, 4_000),
            new ServiceSpan("mail", "start", 2_000, 2_300L, 2_400),
            new ServiceSpan("app", "start", 4_010, 4_300L, 5_000),
            new ServiceSpan("web", "start", 5_010, 5_200L, 5_500)),
        hold.services());
    assertEquals(6_000, hold.millis());
  }

  /** One that was built before it told them, on either side. */
  @Test
  void withoutTheTimesOfACapsuleItNamesTheSteps() {
    assertEquals(
        "hold 100, quiesce 1400, sync 300, start 3800, verify 400",
        path(anatomy(6_000).of(null, null)));
    assertEquals(
        "hold 100, quiesce 1400, sync 300, start 200, db start 3000, start 600, verify 400",
        path(anatomy(6_000).of(null, times("2000 ask db", "2300 start db", "5000 healthy db"))));
  }

  /** A service without a health check is there when it runs, one that is to end when it has. */
  @Test
  void aStartEndsWhenTheServiceIsThere() {
    assertEquals(
        List.of(
            new ServiceSpan("job", "start", 2_000, 2_100L, 2_500),
            new ServiceSpan("web", "start", 2_510, 2_700L, 2_700)),
        anatomy(6_000)
            .of(
                null,
                times(
                    "2000 ask job",
                    "2100 start job",
                    "2500 die job",
                    "2510 ask web",
                    "2700 start web"))
            .services());
  }

  private static HoldAnatomy anatomy(long end) {
    return new HoldAnatomy(
        BEGIN,
        BEGIN.plusMillis(end),
        List.of(
            step("prepare", -5_000, 5_000),
            step("hold", 0, 100),
            step("quiesce", 100, 1_400),
            step("sync", 1_500, 300),
            step("start", 1_800, 3_800),
            step("verify", 5_600, 400),
            new Receipt.Step("switch", "intent", BEGIN.plusMillis(6_000), 0, "")));
  }

  private static Receipt.Step step(String name, long from, long millis) {
    return new Receipt.Step(name, "done", BEGIN.plusMillis(from), millis, "");
  }

  private static ServiceTimes times(String... events) {
    return new ServiceTimes(
        Arrays.stream(events)
            .map(event -> event.split(" "))
            .map(words -> new Event(BEGIN.plusMillis(Long.parseLong(words[0])), words[1], words[2]))
            .toList(),
        DEPENDS);
  }

  private static String path(Receipt.Hold hold) {
    return hold.path().stream()
        .map(part -> part.what() + " " + part.millis())
        .collect(Collectors.joining(", "));
  }
}
