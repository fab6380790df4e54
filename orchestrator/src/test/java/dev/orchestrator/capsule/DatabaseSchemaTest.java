package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DatabaseSchemaTest {
  @Test
  void linesBecomeTheSchemasOfDatabases() {
    List<DatabaseSchema> found =
        DatabaseSchema.parse(
            """
            db\tengine\t\t\t11.8.3-MariaDB
            db\tengine\t\tmariadb_upgrade_info\t10.11.6-MariaDB
            db\tcolumn\tshop\tbook\tid int NO
            db\tcolumn\tshop\tbook\ttitle text\twith a tab
            db\tmigration\tshop\tflyway_schema_history\t1
            db\tmigration\tshop\tflyway_schema_history\t2
            a warning of some program
            """);
    assertEquals(List.of("", "shop"), found.stream().map(DatabaseSchema::database).toList());
    assertEquals(
        Map.of("", "11.8.3-MariaDB", "mariadb_upgrade_info", "10.11.6-MariaDB"),
        found.getFirst().versions());
    DatabaseSchema shop = found.getLast();
    assertEquals(Map.of("flyway_schema_history", List.of("1", "2")), shop.migrations());
    assertNotEquals(
        shop.tables(),
        DatabaseSchema.parse("db\tcolumn\tshop\tbook\tid bigint NO\n").getFirst().tables());
  }
}
