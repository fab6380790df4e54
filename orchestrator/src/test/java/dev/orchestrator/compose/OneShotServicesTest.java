package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The light stack has a route to ledger and probes of ledger and greeter. */
class OneShotServicesTest {

  @Test
  void aServiceThatAnotherWaitsForToEndMayEnd() {
    assertEquals(
        List.of("migrate"),
        oneShots(
            "ledger: {depends_on: {migrate: {condition: 'service_completed_successfully'},"
                + " db: {condition: 'service_healthy'}}},"
                + "migrate: {restart: 'always'}, db: {restart: 'always'}"));
  }

  @Test
  void aServiceThatNothingRestartsAndNobodyNeedsMayEnd() {
    assertEquals(
        List.of("a", "b", "c", "d"),
        oneShots(
            "a: {}, b: {restart: 'no'}, c: {restart: 'on-failure:3'},"
                + "d: {deploy: {restart_policy: {condition: 'none'}}},"
                + "e: {restart: 'unless-stopped'}, f: {deploy: {restart_policy: {}}}"));
  }

  @Test
  void aServiceWithARouteOrAProbeOrAnothersNetworkMustRun() {
    assertEquals(
        List.of(), oneShots("ledger: {network_mode: 'service:vpn'}, greeter: {}, vpn: {}"));
  }

  private static List<String> oneShots(String services) {
    return OneShotServices.of(
        ComposeModelFixture.of(Path.of("/release"), "{services: {%s}}".formatted(services))
            .services(),
        new LightStackFixture("demo", Path.of("/stack"), Path.of("/home")).stack(1));
  }
}
