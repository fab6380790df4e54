package dev.orchestrator.release;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionOrderTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v1 v2 v9 v10 v100",
        "1.0-rc1 1.0-rc2 1.0-rc10 1.0 1.0.1 1.1-beta 1.1",
        "1.0alpha1 1.0b2 1.0rc1 1.0 1.0p1",
        "1.9 1.10 1.10.1 2.0-SNAPSHOT 2.0",
        "2024.12.31 2025.01.02 2025.1.10",
        "v0.9 1.0 v1.1",
        "1.2.3-rc1 1.2.3-alpine-rc1 1.2.3 1.2.3-1 1.2.3-alpine 1.2.3-ls9 1.2.3-ls45 1.2.3-r2 1.2.4",
        "1.2.3-beta-ls7 1.2.3 1.2.3-ls7",
        "v1.0-nightly v1.0 v1.0-r1",
        "nightly latest stable 0.1 2.0",
        "20240101 99999999999999999999"
      })
  void ordersByMeaning(String row) {
    List<String> right = List.of(row.split(" "));
    List<String> shuffled = new ArrayList<>(right);
    Collections.shuffle(shuffled, new Random(1));
    shuffled.sort(VersionOrder.INSTANCE);
    assertEquals(right, shuffled);
  }

  @ParameterizedTest
  @CsvSource({
    "1.2.3,''",
    "v2,''",
    "1.0.p1,''",
    "1.2.3-ls45,revision: after 1.2.3",
    "v1.2.3-r2,revision: after v1.2.3",
    "2.0-rc1,pre-release: before 2.0",
    "latest,has no number: before all that have one"
  })
  void saysHowAVersionIsSorted(String name, String said) {
    assertEquals(said, Releases.sorting(name));
  }

  @Test
  void newerIsStrict() {
    assertTrue(Releases.newer("v10", "v9"));
    assertFalse(Releases.newer("v9", "v10"));
    assertFalse(Releases.newer("v9", "v9"));
    assertTrue(Releases.newer("1.0", "1.0-rc1"));
  }

  @Test
  void isTotalForNamesThatMeanTheSame() {
    int order = VersionOrder.INSTANCE.compare("v1.0", "1.0.0");
    assertTrue(order != 0);
    assertEquals(
        -Integer.signum(order), Integer.signum(VersionOrder.INSTANCE.compare("1.0.0", "v1.0")));
  }
}
