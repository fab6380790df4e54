package dev.orchestrator.adopt;

import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Mount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Measures volumes and paths of the host, and finds the databases in them by their files, in one
 * helper container without a network that only reads. Calls block.
 */
final class DataSurvey {
  /** A library of millions of files takes some minutes. */
  private static final Duration DEADLINE = Duration.ofMinutes(10);

  private static final String AT = "/measure/";

  private static final String SCRIPT =
      """
      echo "free $(df -B1 --output=avail / | tail -n 1 | tr -d ' ')"
      echo "disk $(df --output=fstype /measure/* 2>/dev/null | tail -n +2 | sort -u | tr '\\n' ' ')"
      for at in /measure/*; do
        [ -e "$at" ] || continue
        echo "at ${at#/measure/}"
        [ ! -d "$at" ] || echo folder
        find "$at" -xdev -type f -printf '%s %f\\n' | awk '
          { size = $1; name = tolower($0); files++; bytes += size; if (size > largest) largest = size }
          name ~ /\\.(jpe?g|png|gif|webp|heic|heif|avif|tiff?|raw|arw|cr2|cr3|nef|dng|mp4|m4v|mkv|mov|avi|webm|mpe?g|ts|mp3|flac|m4a|m4b|aac|ogg|opus|wav|epub|mobi|azw3|pdf|cbz|cbr|zip|7z|rar|iso|gz|xz|zst)$/ { media += size }
          END { printf "sum %.0f %.0f %.0f %.0f\\n", files, bytes, media, largest }'
        find "$at" -xdev -type f \\( -name ibdata1 -o -name PG_VERSION -o -name WiredTiger -o -name '*.rdb' \\
          -o -name '*.aof' -o -name '*.mv.db' -o -name data.mdb -o -name 'MANIFEST-[0-9]*' \\) \\
          -printf 'file %f\\n' | sort -u | head -n 20
        find "$at" -xdev -type f \\( -name '*.db' -o -name '*.db3' -o -name '*.sqlite' -o -name '*.sqlite3' \\
          -o -name '*.sqlitedb' \\) -size +0 -exec sh -c '
          for file; do [ "$(head -c 15 "$file")" != "SQLite format 3" ] || echo "sqlite ${file##*/}"; done' sh {} + |
          head -n 200
      done
      """;

  /**
   * What was found at a place.
   *
   * @param bytes of all files
   * @param media bytes of pictures, videos, music, books and archives
   * @param databases what kinds there are, such as {@code MariaDB or MySQL (ibdata1)}
   */
  record Measured(
      boolean folder, long files, long bytes, long media, long largest, List<String> databases) {
    static final Measured NOTHING = new Measured(true, 0, 0, 0, 0, List.of());

    Measured {
      databases = List.copyOf(databases);
    }
  }

  /**
   * What was found.
   *
   * @param places by the source of the mount: a volume's name, or a path of the host
   * @param free bytes on the engine's disk; -1 when it was not told
   * @param clones whether files on the engine's disk can share blocks, so that a copy needs none
   */
  record Found(Map<String, Measured> places, long free, boolean clones) {
    Measured at(String source) {
      return places.getOrDefault(source, Measured.NOTHING);
    }
  }

  private final Engine engine;
  private final BuildContainers containers;

  DataSurvey(Engine engine, BuildContainers containers) {
    this.engine = engine;
    this.containers = containers;
  }

  /**
   * Measures.
   *
   * @param sources names of volumes, and paths of the host that are there
   */
  Found measure(Collection<String> sources, String base) {
    List<String> all = List.copyOf(new TreeSet<>(sources));
    List<Mount> mounts = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      mounts.add(Mount.readOnly(all.get(i), AT + i));
    }
    try (BuildContainers.Temporary helper = containers.idle("ask", base, mounts)) {
      engine.startContainer(helper.name());
      return parse(all, engine.exec(helper.name(), List.of("sh", "-c", SCRIPT), DEADLINE).stdout());
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.TIMEOUT) {
        return new Found(Map.of(), -1, false);
      }
      throw e;
    }
  }

  static Found parse(List<String> sources, String text) {
    Map<String, Measured> places = new TreeMap<>();
    String at = "";
    boolean folder = false;
    long[] sum = new long[4];
    List<String> files = new ArrayList<>();
    List<String> sqlite = new ArrayList<>();
    long free = -1;
    boolean clones = false;
    for (String line : (text + "\nat end").lines().toList()) {
      String[] words = line.split(" ", -1);
      switch (words[0]) {
        case "free" -> free = number(words[1]);
        case "disk" -> clones = line.matches("disk .*\\b(btrfs|xfs)\\b.*");
        case "at" -> {
          if (!at.isEmpty()) {
            places.put(
                sources.get(Integer.parseInt(at)),
                new Measured(folder, sum[0], sum[1], sum[2], sum[3], databases(files, sqlite)));
          }
          at = words[1].equals("end") ? "" : words[1];
          folder = false;
          sum = new long[4];
          files.clear();
          sqlite.clear();
        }
        case "folder" -> folder = true;
        case "sum" -> {
          for (int i = 0; i < 4; i++) {
            sum[i] = number(words[i + 1]);
          }
        }
        case "file" -> files.add(line.substring("file ".length()));
        case "sqlite" -> sqlite.add(line.substring("sqlite ".length()));
        default -> {}
      }
    }
    return new Found(places, free, clones);
  }

  private static long number(String text) {
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
  }

  private static List<String> databases(List<String> files, List<String> sqlite) {
    List<String> found = new ArrayList<>();
    kind(found, files, "ibdata1", "MariaDB or MySQL");
    kind(found, files, "PG_VERSION", "PostgreSQL");
    kind(found, files, "WiredTiger", "MongoDB");
    kind(found, files, ".*\\.(rdb|aof)", "Redis or Valkey");
    kind(found, files, ".*\\.mv\\.db", "H2");
    kind(found, files, "data\\.mdb", "LMDB");
    kind(found, files, "MANIFEST-[0-9]+", "LevelDB or RocksDB");
    if (!sqlite.isEmpty()) {
      found.add(
          "SQLite (%s%s)"
              .formatted(
                  sqlite.getFirst(),
                  sqlite.size() == 1 ? "" : " and %d more".formatted(sqlite.size() - 1)));
    }
    return found;
  }

  private static void kind(
      List<String> found, List<String> files, String pattern, String database) {
    files.stream()
        .filter(file -> file.matches(pattern))
        .findFirst()
        .ifPresent(file -> found.add("%s (%s)".formatted(database, file)));
  }
}
