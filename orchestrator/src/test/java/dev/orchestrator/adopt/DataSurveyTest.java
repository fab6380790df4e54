package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What the helper's answer says of each place. */
final class DataSurveyTest {
  @Test
  void sizesAndDatabasesAreToldOfEachPlace() {
    DataSurvey.Found found =
        DataSurvey.parse(
            List.of("/srv/a", "db"),
            """
            free 1000
            disk ext4
            at 0
            folder
            sum 3 300 200 150
            sqlite app.db
            sqlite b.db
            at 1
            folder
            sum 10 5000 0 900
            file ibdata1
            file PG_VERSION
            """);
    assertEquals(1000, found.free());
    assertEquals(
        new DataSurvey.Measured(true, 3, 300, 200, 150, List.of("SQLite (app.db and 1 more)")),
        found.at("/srv/a"));
    assertEquals(
        List.of("MariaDB or MySQL (ibdata1)", "PostgreSQL (PG_VERSION)"),
        found.at("db").databases());
    assertEquals(DataSurvey.Measured.NOTHING, found.at("nobody"));
    assertTrue(DataSurvey.parse(List.of(), "disk ext4 btrfs \n").clones());
  }
}
