package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RunEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job on real input: MariaDB, WordPress, qBittorrent and nginx from Debian 12's packages
 * to Debian 13's and back, while clients write through the public routes.
 */
@Tag("engine")
class DemoUpgradeTest {
  private static final int LIMIT = 245_760;

  @TempDir Path home;

  @Test
  void fromDebian12To13AndBackWithoutLosingAnAcknowledgedWrite() throws Exception {
    Map<String, String> labels;
    try (DemoStackFixture demo = new DemoStackFixture(home)) {
      labels = demo.labels();
      Receipt up = run(demo, demo.control().up("v1"), event -> {});
      assertEquals(Outcome.DONE, up.upgrade().outcome(), up.upgrade().reason());
      VisitorLoad visitor = new VisitorLoad(demo.port("web"), demo.port("qbittorrent"));
      visitor.logIn();
      assertTrue(visitor.loggedIn(), "logged in before the upgrade");
      visitor.setDownloadLimit(LIMIT);
      try (SqlLoad sql = SqlLoad.mariadb(demo.port("mariadb"), "a", SqlLoad.Connections.KEPT);
          WebLoad web = new WebLoad(demo.port("web"), "wa")) {
        sql.start();
        web.start();
        Set<Long> sqlAtSwitch = new TreeSet<>();
        Set<Long> webAtSwitch = new TreeSet<>();
        Receipt upgrade =
            run(
                demo,
                demo.control().upgrade("v2"),
                event -> {
                  if (event.step().equals("quiesce") && event.phase().equals("intent")) {
                    sqlAtSwitch.addAll(sql.acknowledged());
                    webAtSwitch.addAll(web.acknowledged());
                  }
                });
        assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
        assertServes(demo, "v2");
        assertNothingLost("upgrade to v2", upgrade, sql, web);
        assertTrue(visitor.loggedIn(), "the session of before the upgrade is good");
        assertPreference(visitor);

        Receipt broken = run(demo, demo.control().upgrade("v3"), event -> {});
        assertEquals(Outcome.ROLLED_BACK, broken.upgrade().outcome());
        assertTrue(broken.upgrade().reason().contains("web"), broken.upgrade().reason());
        assertServes(demo, "v2");
        assertNothingLost("v3, rolled back", broken, sql, web);
        assertTrue(visitor.loggedIn(), "the session is good after the automatic rollback");
        assertEquals("quarantined", demo.control().versions().get(2).state());

        long refusedBefore = sql.refused() + web.refused();
        demo.restart();
        // Clients are refused only here, as nobody listens while a service stops and starts.
        long refusedByRestart = sql.refused() + web.refused() - refusedBefore;
        assertServes(demo, "v2");
        RollbackCost cost = demo.control().rollbackCost();
        assertTrue(
            cost.tables().stream()
                .anyMatch(
                    rows -> rows.service().equals("db") && rows.table().equals("ledger.entry")),
            cost.toString());

        Receipt back =
            run(
                demo,
                demo.control().rollback(DataOptions.forRollback(Rollback.RESTORE)),
                event -> {});
        assertEquals(Outcome.DONE, back.upgrade().outcome(), back.upgrade().reason());
        assertServes(demo, "v1");
        sql.stop();
        web.stop();
        assertEquals(Set.of(), sql.missing(sqlAtSwitch), "rows of before the switch to v2");
        assertEquals(Set.of(), web.missing(webAtSwitch), "posts of before the switch to v2");
        assertTrue(
            back.notes().toString().contains("-data"), "where newer data is: " + back.notes());
        assertTrue(visitor.loggedIn(), "the session is good after the rollback");
        assertPreference(visitor);
        assertEquals("", web.setUpPage(), "the set-up page was never shown");
        System.out.printf(
            Locale.ROOT,
            "acknowledged: %,d rows, %,d posts; connections refused: %d and %d; longest write %,d"
                + " ms and %,d ms; failed %d and %d%n",
            sql.acknowledged().size(),
            web.acknowledged().size(),
            sql.refused(),
            web.refused(),
            sql.longestMillis(),
            web.longestMillis(),
            sql.failures().size(),
            web.failures().size());
        assertEquals(refusedByRestart, sql.refused() + web.refused(), "connections refused");
      }
    }
    try (Engine engine = DockerEngine.connect("", Duration.ofSeconds(30))) {
      assertEquals(List.of(), engine.containers(labels), "down --volumes leaves no container");
      assertEquals(List.of(), engine.volumes(labels), "and no volume");
    }
  }

  private static Receipt run(DemoStackFixture demo, String id, Consumer<RunEvent> listener)
      throws InterruptedException {
    Receipt receipt = demo.await(id, listener);
    System.out.println(Json.write(receipt));
    return receipt;
  }

  private static void assertServes(DemoStackFixture demo, String version) {
    Status.Side serving = demo.control().status().serving();
    assertNotNull(serving);
    assertEquals(version, serving.version());
    assertEquals("running", serving.state());
  }

  private static void assertPreference(VisitorLoad visitor) throws IOException {
    String preferences = visitor.preferences();
    assertTrue(preferences.contains("\"alt_dl_limit\":" + LIMIT), preferences);
  }

  private static void assertNothingLost(String when, Receipt receipt, SqlLoad sql, WebLoad web)
      throws IOException {
    assertEquals(Set.of(), sql.missing(sql.acknowledged()), when + ": rows lost");
    assertEquals(Set.of(), web.missing(web.acknowledged()), when + ": posts lost");
    Receipt.Traffic traffic = receipt.traffic();
    assertNotNull(traffic);
    assertEquals(0, traffic.refused(), when + ": refused by the proxy");
    assertTrue(traffic.held() > 0, when + ": clients waited");
  }
}
