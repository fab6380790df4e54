package dev.orchestrator.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.backup.BackupSource.Part;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.common.Json;
import dev.orchestrator.testing.FakeHost;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * A restic that keeps the volumes of a {@link FakeHost} in memory, and speaks as restic 0.18 does.
 * One thread at a time.
 */
public final class FakeRestic implements ResticRunner {
  /** A backup, with the rows of each volume and its other files. */
  public record Kept(
      String id,
      Instant time,
      String host,
      List<String> tags,
      Map<String, List<String>> rows,
      Map<String, String> files) {}

  public final List<Kept> backups = new ArrayList<>();

  /** The first words of the commands so far, such as {@code backup}. */
  public final List<String> commands = new ArrayList<>();

  /** What every command says instead of doing something; empty for nothing. */
  public String fatal = "";

  /** Called while data is sent or read. */
  public Runnable during = () -> {};

  /** Whether there is a repository. */
  public boolean made;

  public int leftoversRemoved;
  private final FakeHost host;

  public FakeRestic(FakeHost host) {
    this.host = host;
  }

  /** The same repository, as another host sees it. */
  public FakeRestic seenBy(FakeHost other) {
    FakeRestic seen = new FakeRestic(other);
    seen.backups.addAll(backups);
    seen.made = made;
    return seen;
  }

  @Override
  public void removeLeftovers() {
    leftoversRemoved++;
  }

  @Override
  public boolean isOver(String host) {
    return false;
  }

  @Override
  public Session open(BackupSource source, boolean writes, Duration life) {
    return new FakeSession(source);
  }

  private final class FakeSession implements Session {
    private final BackupSource source;
    private Map<String, String> restored = Map.of();

    private FakeSession(BackupSource source) {
      this.source = source;
    }

    @Override
    public int run(ResticCommand command, Duration deadline, Watcher watcher) {
      List<String> words = command.arguments().subList(1, command.arguments().size());
      commands.add(words.getFirst());
      if (!fatal.isEmpty()) {
        watcher.line("Fatal: " + fatal);
        return 1;
      }
      switch (words.getFirst()) {
        case "cat" -> {
          if (!made) {
            watcher.line("Fatal: repository does not exist: unable to open config file");
            return 10;
          }
        }
        case "init" -> made = true;
        case "snapshots" ->
            watcher.line(Json.write(backups.stream().map(FakeRestic::json).toList()));
        case "backup" -> backup(words, watcher);
        case "dump" -> watcher.line(find(words).files().getOrDefault("orchestrator.json", ""));
        case "restore" -> restore(find(words));
        case "forget" -> forget(words, watcher);
        default -> {}
      }
      return 0;
    }

    private void backup(List<String> words, Watcher watcher) {
      during.run();
      Map<String, List<String>> rows = new TreeMap<>();
      Map<String, String> files = new TreeMap<>();
      if (source instanceof Volumes volumes) {
        for (Part part : volumes.parts()) {
          rows.put(part.name(), host.volumes.readOwnRows(part.volume()));
        }
        if (volumes.files() != null) {
          files.putAll(read(volumes.files().open()));
        }
      }
      String id = "%08x".formatted((backups.size() + 1) * 0x1e3779b1).repeat(8);
      backups.add(
          new Kept(
              id,
              Instant.now(),
              words.get(words.indexOf("--host") + 1),
              List.of(words.get(words.indexOf("--tag") + 1).split(",", -1)),
              rows,
              files));
      watcher.line(
          """
          {"message_type":"summary","total_files_processed":2,"total_bytes_processed":30,"data_added":20,"snapshot_id":"%s"}
          """
              .formatted(id));
    }

    private Kept find(List<String> words) {
      return backups.stream()
          .filter(backup -> words.contains(backup.id()))
          .findFirst()
          .orElseThrow(() -> new AssertionError(words + " of " + backups));
    }

    private void restore(Kept backup) {
      during.run();
      restored = backup.files();
      if (source instanceof Volumes volumes) {
        volumes
            .parts()
            .forEach(part ->
                host.volumes.replaceRows(
                    part.volume(), backup.rows().getOrDefault(part.name(), List.of())));
      }
    }

    private void forget(List<String> words, Watcher watcher) {
      List<Kept> removed =
          new ArrayList<>(backups.stream().filter(each -> words.contains(each.id())).toList());
      int keep = words.indexOf("--keep-last");
      if (keep >= 0) {
        int last = Integer.parseInt(words.get(keep + 1));
        removed.addAll(backups.subList(0, Math.max(0, backups.size() - last)));
      }
      List<Kept> kept = new ArrayList<>(backups);
      kept.removeAll(removed);
      watcher.line(
          Json.write(
              List.of(
                  Map.of(
                      "keep",
                      kept.stream().map(FakeRestic::json).toList(),
                      "remove",
                      removed.stream().map(FakeRestic::json).toList()))));
      if (!words.contains("--dry-run")) {
        backups.removeAll(removed);
      }
    }

    @Override
    public void copyOut(String part, OutputStream to) {
      try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(to))) {
        for (Map.Entry<String, String> file : restored.entrySet()) {
          if (file.getKey().startsWith(part + "/")) {
            byte[] bytes = file.getValue().getBytes(UTF_8);
            TarArchiveEntry entry =
                new TarArchiveEntry("./" + file.getKey().substring(part.length() + 1));
            entry.setSize(bytes.length);
            tar.putArchiveEntry(entry);
            tar.write(bytes);
            tar.closeArchiveEntry();
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      // Nothing was made.
    }
  }

  private static Map<String, Object> json(Kept backup) {
    return Map.of(
        "id",
        backup.id(),
        "time",
        backup.time().toString(),
        "hostname",
        backup.host(),
        "tags",
        backup.tags());
  }

  private static Map<String, String> read(InputStream archive) {
    Map<String, String> files = new TreeMap<>();
    try (TarArchiveInputStream in = new TarArchiveInputStream(archive)) {
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (entry.isFile()) {
          files.put(entry.getName(), new String(in.readAllBytes(), UTF_8));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  /** Names and versions of the snapshots that were backed up. */
  public List<String> tags() {
    return backups.stream()
        .map(backup -> backup.tags().stream().collect(Collectors.joining(" ")))
        .toList();
  }
}
