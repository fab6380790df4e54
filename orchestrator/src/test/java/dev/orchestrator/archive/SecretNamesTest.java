package dev.orchestrator.archive;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SecretNamesTest {
  @Test
  void variablesThatLookLikeSecretsAreProposed() {
    assertEquals(
        List.of(
            "DATABASE_DSN",
            "MYSQL_PASSWORD",
            "PGPASSWORD",
            "SECRET_KEY_BASE",
            "STRIPE_API_KEY",
            "db_pass",
            "github_token"),
        SecretNames.variables(
            List.of(
                "MYSQL_PASSWORD",
                "PGPASSWORD",
                "MYSQL_ROOT_PASSWORD",
                "db_pass",
                "github_token",
                "STRIPE_API_KEY",
                "SECRET_KEY_BASE",
                "DATABASE_DSN",
                "MYSQL_USER",
                "DB_PASSWORD_FILE",
                "PASSENGER_PORT",
                "KEYBOARD",
                "TZ"),
            List.of("MYSQL_ROOT_PASSWORD")));
  }

  @Test
  void filesThatLookLikeSecretsAreProposed() {
    assertEquals(
        List.of(".htpasswd", "certs/site.key", "db_password.txt", "secrets/db", "ssh/id_ed25519"),
        SecretNames.files(
            List.of(
                "compose.yaml",
                "secrets/db",
                "secrets/declared",
                "certs/site.key",
                "certs/site.pem",
                "db_password.txt",
                ".htpasswd",
                "ssh/id_ed25519",
                "ssh/id_ed25519.pub",
                "monkey/readme.md",
                "conf/tokenizer.json"),
            List.of("secrets/declared")));
  }
}
