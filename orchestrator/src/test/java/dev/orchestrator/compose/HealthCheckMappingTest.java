package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.ImageHealthCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthCheckMappingTest {
  private static final String OWN = "{healthcheck: {test: ['CMD', 'ok'], %s}}";
  private final ComposeFindings findings = new ComposeFindings("version v1 of stack demo");
  private int services = 1;

  @Test
  void aCheckWithoutAStartPeriodRunsOftenForOneIntervalSoThatUnhealthyComesNoLater() {
    assertEquals(
        "{test:[CMD,ok],interval:1m30s,start_period:90000ms," + "start_interval:250ms}",
        mapped(OWN.formatted("interval: '1m30s'"), null, true));
    assertEquals(
        "{test:[CMD,ok],retries:5,start_period:30000ms,start_interval:250ms}",
        mapped(OWN.formatted("retries: 5"), null, true));
  }

  /** Each is a process, and they start at the same time. */
  @Test
  void theChecksOfManyServicesRunLessOften() {
    services = 12;
    assertEquals(
        "{start_period:60000ms,start_interval:300ms}", mapped("{}", check(60, 0, 0), true));
  }

  @Test
  void whatTheUserSaysOfTheStartStays() {
    assertEquals(
        "{test:[CMD,ok],interval:30s,start_period:10s,start_interval:250ms}",
        mapped(OWN.formatted("interval: '30s', start_period: '10s'"), null, true));
    assertEquals(
        "{test:[CMD,ok],interval:30s,start_period:10s,start_interval:2s}",
        mapped(
            OWN.formatted("interval: '30s', start_period: '10s', start_interval: '2s'"),
            null,
            true));
  }

  @Test
  void aCheckOfTheImageIsMappedToo() {
    ImageHealthCheck image = check(60, 0, 0);
    assertEquals("{start_period:60000ms,start_interval:250ms}", mapped("{}", image, true));
    assertEquals("{start_period:5000ms,start_interval:250ms}", mapped("{}", check(60, 5, 0), true));
    assertEquals("", mapped("{}", check(60, 5, 1), true));
    assertEquals(
        "{interval:20s,start_period:20000ms,start_interval:250ms}",
        mapped("{healthcheck: {interval: '20s'}}", image, true));
  }

  @Test
  void aServiceWithoutACheckStaysSo() {
    assertEquals("", mapped("{}", null, true));
    assertEquals("{disable:true}", mapped("{healthcheck: {disable: true}}", check(60, 0, 0), true));
    assertEquals("{test:[NONE]}", mapped("{healthcheck: {test: ['NONE']}}", check(60, 0, 0), true));
  }

  @Test
  void checksThatAreFasterThanOursStayAsFast() {
    assertEquals(
        "{test:[CMD,ok],interval:200ms,start_period:200ms," + "start_interval:200ms}",
        mapped(OWN.formatted("interval: '200ms'"), null, true));
  }

  @Test
  void anOlderEngineRunsWithoutAndSaysSo() {
    assertEquals(
        "{test:[CMD,ok],interval:1m}",
        mapped(OWN.formatted("interval: '1m', start_interval: '1s'"), null, false));
    assertEquals(
        List.of(
            "service db: its first health check comes 60 s after its start, and clients wait for"
                + " it in an upgrade: image.base has an engine or a Compose without start_interval"
                + " (Docker 25, Compose 2.21)"),
        findings.warnings());
    assertEquals("", mapped("{}", check(2, 0, 0), false));
    assertEquals(1, findings.warnings().size());
  }

  @ParameterizedTest
  @CsvSource({"1m30s, 90000", "1h0m0s, 3600000", "1.5s, 1500", "250ms, 250", "'', 0", "0s, 0"})
  void timesAreReadAsComposePrintsThem(String text, long millis) {
    assertEquals(Duration.ofMillis(millis), HealthCheckMapping.duration(text));
  }

  private static ImageHealthCheck check(int interval, int startPeriod, int startInterval) {
    return new ImageHealthCheck(
        Duration.ofSeconds(interval),
        Duration.ofSeconds(startPeriod),
        Duration.ofSeconds(startInterval));
  }

  private String mapped(String service, @Nullable ImageHealthCheck image, boolean startIntervals) {
    ComposeModel model =
        ComposeModelFixture.of(Path.of("/release"), "{services: {db: %s}}".formatted(service));
    ObjectNode node = model.services().getOrDefault("db", model.root());
    new HealthCheckMapping(findings, startIntervals, services).map("db", node, image);
    return node.path("healthcheck").toString().replace("\"", "");
  }
}
