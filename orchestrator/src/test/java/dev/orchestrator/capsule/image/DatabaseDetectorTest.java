package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Versions as database servers print them. */
class DatabaseDetectorTest {

  @ParameterizedTest
  @CsvSource({
    "mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12),MariaDB"
        + " 10.11",
    "/usr/sbin/mariadbd  Ver 11.8.3-MariaDB-0+deb13u1 from Debian for debian-linux-gnu,MariaDB"
        + " 11.8",
    "mysqld  Ver 5.5.5-10.6.12-MariaDB,MariaDB 10.6",
    "/usr/sbin/mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL),MySQL 8.0",
    "postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1),PostgreSQL 15",
    "postgres (PostgreSQL) 17beta1,PostgreSQL 17",
    "postgres (PostgreSQL) 9.6.24,PostgreSQL 9.6",
    "nginx version: nginx/1.26,''",
    "'',''"
  })
  void theSeriesIsWhatCounts(String said, String series) {
    assertEquals(series, DatabaseDetector.series(said).orElse(""));
  }
}
