package dev.orchestrator.adopt;

import dev.orchestrator.common.Json;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An {@link Original} as JSON, for the journal: a later version of this program must read it. */
public final class OriginalJson {
  private record Stored(String project, List<StoredContainer> containers, List<StoredData> data) {}

  private record StoredContainer(
      String id,
      String name,
      String service,
      String restartPolicy,
      boolean running,
      long stopGraceMillis,
      List<String> dependsOn,
      List<OriginalPort> ports,
      @Nullable List<String> healthyFirst,
      @Nullable List<String> healthCheck) {}

  private record StoredData(String path, @Nullable String volume, @Nullable String folder) {}

  private OriginalJson() {}

  /** Writes it on one line. */
  public static String write(Original original) {
    return Json.write(
        new Stored(
            original.project(),
            original.containers().stream()
                .map(each ->
                    new StoredContainer(
                        each.id(),
                        each.name(),
                        each.service(),
                        each.restartPolicy(),
                        each.running(),
                        each.stopGrace().toMillis(),
                        each.dependsOn(),
                        each.ports(),
                        each.healthyFirst().stream().sorted().toList(),
                        each.healthCheck()))
                .toList(),
            original.data().stream()
                .map(each ->
                    new StoredData(
                        each.path(),
                        each.volume(),
                        each.folder() == null ? null : each.folder().toString()))
                .toList()));
  }

  /** Reads what {@link #write} has written. */
  public static Original read(String json) {
    Stored stored = Json.read(json, Stored.class);
    return new Original(
        stored.project(),
        stored.containers().stream()
            .map(each ->
                new OriginalContainer(
                    each.id(),
                    each.name(),
                    each.service(),
                    each.restartPolicy(),
                    each.running(),
                    Duration.ofMillis(each.stopGraceMillis()),
                    each.dependsOn(),
                    each.ports(),
                    Set.copyOf(orEmpty(each.healthyFirst())),
                    orEmpty(each.healthCheck())))
            .toList(),
        stored.data().stream()
            .map(each ->
                new OriginalData(
                    each.path(),
                    each.volume(),
                    each.folder() == null ? null : Path.of(each.folder())))
            .toList());
  }

  /** Earlier versions of this program have not written it. */
  private static List<String> orEmpty(@Nullable List<String> list) {
    return list == null ? List.of() : list;
  }
}
