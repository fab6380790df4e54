package dev.orchestrator.backup;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.OutputText;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The output of a run of restic, of 0.14 and newer: its messages in JSON, and what it says beside
 * them. Ends a run that can't succeed any more: restic itself goes on for a quarter of an hour.
 */
final class ResticOutput implements ResticRunner.Watcher {
  /** What a shell and timeout(1) exit with when there is no such program. */
  private static final int MISSING = 127;

  private static final int MOST_LINES = 60;
  private static final int MOST_QUOTED = 300;

  /** A line of an engine's exec may be cut after so many bytes; the rest comes as the next. */
  private static final int CUT = 65_536;

  private static final int MOST_CUT = 512 * CUT;

  /** Without any progress of a backup for so long, its server does not take anything any more. */
  private static final Duration STALL = Duration.ofMinutes(30);

  /** restic tries again by itself, and says so; 0.14 says "in", newer ones say "after". */
  private static final Pattern RETRY =
      Pattern.compile(".*returned error, retrying (?:after|in) [^:]+: (.*)");

  private static final Pattern NO_SPACE =
      Pattern.compile("(?i).*(no space left on device|disk quota exceeded|507 Insufficient).*");
  private static final Pattern UNAUTHORIZED =
      Pattern.compile(
          "(?i).*(401 Unauthorized|403 Forbidden|\\(40[13]\\)|access"
              + " ?denied|InvalidAccessKeyId|SignatureDoesNotMatch|request signature we"
              + " calculated|access key Id you provided|permission denied \\(|permission denied,"
              + " please|host key verification failed|Too many authentication failures).*");
  private static final Pattern NO_RCLONE =
      Pattern.compile(".*exec: \"rclone\": executable file not found.*");
  private static final Pattern PASSWORD = Pattern.compile(".*wrong password or no key found.*");
  private static final Pattern LOCKED = Pattern.compile(".*repository is already locked.*");
  private static final Pattern LOCK_OWNER =
      Pattern.compile("(?s).*already locked.* by PID (\\d+) on (\\S+) by .*");
  private static final Pattern LOCK_TIME =
      Pattern.compile("(?s).*lock was created at ([-0-9]+ [:0-9]+).*");
  private static final Pattern NETWORK =
      Pattern.compile(
          "(?i).*(dial tcp|connection refused|connection reset|no such host|i/o timeout|no route to"
              + " host|network is unreachable|broken pipe|unexpected EOF|connection lost|could not"
              + " resolve|connection closed|connection timed out|TLS handshake|operation timed out"
              + "|unable to start the sftp session|error talking HTTP to rclone|server sent GOAWAY"
              + "|50[0234] (Internal|Bad|Service|Gateway)|EOF$).*");
  private static final Pattern NO_SESSION = Pattern.compile(".*unable to start the sftp session.*");
  private static final Pattern SSH = Pattern.compile("subprocess ssh: .*");
  private static final Pattern NO_REPOSITORY =
      Pattern.compile(
          ".*(repository does not exist|Is there a repository at the following location"
              + "|config file does not exist).*");
  private static final Pattern NO_BACKUP =
      Pattern.compile(".*(no matching ID found|no snapshot found|multiple IDs with prefix).*");
  private static final Pattern DAMAGED =
      Pattern.compile(
          "(?i).*(repository contains errors|ciphertext verification failed|does not match id"
              + "|pack .* (damaged|missing|not found)|hash mismatch|invalid data returned"
              + "|number of used blobs|not found in index|is truncated|wrong hash"
              + "|bytes instead of|config or key .* is damaged).*");

  private final UnaryOperator<String> redact;
  private final Consumer<BackupProgress> progress;
  private final Duration patience;
  private final InstantSource clock;
  private final List<String> lines = new ArrayList<>();
  private final List<JsonNode> documents = new ArrayList<>();
  private final List<String> unread = new ArrayList<>();
  private Optional<BackupSummary> summary = Optional.empty();
  private String fatal = "";
  private long bytesDone = -1;
  private String retrying = "";
  private @Nullable Instant retryingSince;
  private boolean full;
  private String cut = "";
  private @Nullable Instant movedAt;

  /**
   * The output of a run that begins.
   *
   * @param redact takes the secrets out of a line
   * @param patience how long restic may go on trying to reach a server without any progress
   */
  ResticOutput(
      UnaryOperator<String> redact,
      Consumer<BackupProgress> progress,
      Duration patience,
      InstantSource clock) {
    this.redact = redact;
    this.progress = progress;
    this.patience = patience;
    this.clock = clock;
  }

  @Override
  public synchronized void line(String line) {
    // On a terminal the first characters would clear the line.
    String whole = cut + line;
    String text = whole.replaceFirst("^\\x1b\\[[0-9;]*[A-Za-z]", "").strip();
    if (text.startsWith("{") || text.startsWith("[")) {
      try {
        message(Json.tree(text));
        cut = "";
        return;
      } catch (IllegalArgumentException e) {
        if (line.getBytes(StandardCharsets.UTF_8).length >= CUT && whole.length() < MOST_CUT) {
          cut = whole; // A list of many backups is one line.
          return;
        }
        text = line; // Not JSON: something that a program below restic has said.
      }
    }
    cut = "";
    if (!text.isEmpty()) {
      said(redact.apply(text));
    }
  }

  private void message(JsonNode message) {
    switch (message.path("message_type").asText()) {
      case "status" -> status(message);
      case "summary" -> {
        documents.add(message);
        if (message.has("snapshot_id")) {
          summary =
              Optional.of(
                  new BackupSummary(
                      message.path("snapshot_id").asText(),
                      message.path("total_files_processed").asLong(),
                      message.path("total_bytes_processed").asLong(),
                      message
                          .path("data_added_packed")
                          .asLong(message.path("data_added").asLong())));
        }
      }
      case "error" -> error(message);
      case "exit_error" -> fatal = redact.apply(message.path("message").asText());
      case "verbose_status" -> {}
      default -> documents.add(message);
    }
  }

  private void status(JsonNode status) {
    BackupProgress now =
        new BackupProgress(
            status.path("files_done").asLong(status.path("files_restored").asLong()),
            status.path("total_files").asLong(),
            status.path("bytes_done").asLong(status.path("bytes_restored").asLong()),
            status.path("total_bytes").asLong());
    if (now.bytesDone() > bytesDone || movedAt == null) {
      bytesDone = now.bytesDone();
      retryingSince = null;
      movedAt = clock.instant();
    }
    progress.accept(now);
  }

  private void error(JsonNode message) {
    String item = message.path("item").asText();
    JsonNode error = message.path("error");
    String text =
        redact.apply(error.has("message") ? error.path("message").asText() : reason(error));
    unread.add(item.isEmpty() || text.contains(item) ? text : item + ": " + text);
    said(unread.getLast());
  }

  /** restic 0.14 writes the fields of an error of Go. */
  private static String reason(JsonNode error) {
    if (!error.path("Op").isMissingNode()) {
      int number = error.path("Err").asInt();
      return error.path("Op").asText() + ": " + (number == 0 ? "failed" : "error " + number);
    }
    return error.isTextual() ? error.asText() : "can't be read";
  }

  private void said(String text) {
    lines.add(text);
    if (lines.size() > MOST_LINES) {
      lines.removeFirst();
    }
    full |= NO_SPACE.matcher(text).matches();
    Matcher retry = RETRY.matcher(text);
    if (retry.matches()) {
      retrying = retry.group(1);
      if (retryingSince == null) {
        retryingSince = clock.instant();
      }
    }
  }

  @Override
  public synchronized boolean stop() {
    Instant since = retryingSince;
    return full
        || stalled()
        || (since != null && Duration.between(since, clock.instant()).compareTo(patience) >= 0);
  }

  private boolean stalled() {
    Instant moved = movedAt;
    return moved != null
        && summary.isEmpty()
        && Duration.between(moved, clock.instant()).compareTo(STALL) >= 0;
  }

  synchronized Optional<BackupSummary> summary() {
    return summary;
  }

  /** The answer of a question. */
  synchronized Optional<JsonNode> document() {
    return documents.isEmpty() ? Optional.empty() : Optional.of(documents.getLast());
  }

  /** All that it has said beside JSON, of much the end alone. */
  synchronized List<String> said() {
    return List.copyOf(lines);
  }

  /** The files that could not be read. */
  synchronized List<String> unread() {
    return List.copyOf(unread);
  }

  /** The host whose process has the lock; empty when no lock was in the way. */
  synchronized String lockHost() {
    Matcher owner = LOCK_OWNER.matcher(text());
    return owner.matches() ? owner.group(2) : "";
  }

  private String text() {
    return String.join("\n", lines) + "\n" + fatal;
  }

  /** Why a run has failed. */
  record Failure(Kind kind, String why) {}

  /**
   * Why the run failed.
   *
   * @param exit its exit code
   * @param late whether its deadline has passed
   */
  synchronized Failure failure(int exit, boolean late) {
    List<String> all = text().lines().filter(line -> !line.isBlank()).toList();
    // What restic says at its end goes before what it has said on the way.
    if (exit == MISSING) {
      return new Failure(Kind.NO_RESTIC, "there is no restic; install the package restic");
    }
    if (any(all, NO_RCLONE)) {
      return new Failure(
          Kind.NO_RESTIC,
          "restic finds no rclone; install it on the host of the service, or name a base image that"
              + " has it (image.base)");
    }
    if (any(all, NO_SPACE)) {
      return new Failure(
          Kind.NO_SPACE, "no space is left (%s); free some".formatted(quote(first(all, NO_SPACE))));
    }
    if (exit == 12 || any(all, PASSWORD)) {
      return new Failure(
          Kind.WRONG_PASSWORD,
          "it has another password than the one in password-file; correct the file or the"
              + " repository");
    }
    if (exit == 11 || any(all, LOCKED)) {
      return new Failure(Kind.LOCKED, locked());
    }
    if (any(all, UNAUTHORIZED)) {
      return new Failure(
          Kind.UNAUTHORIZED,
          "it does not accept the credentials (%s); check environment-file"
              .formatted(quote(first(all, UNAUTHORIZED))));
    }
    if (any(all, NO_SESSION)) {
      // restic 0.14 often ends before it has passed on what ssh says.
      String ssh = first(all, SSH);
      return new Failure(
          Kind.AWAY,
          "ssh gives no session (%s)"
              .formatted(ssh.isEmpty() ? "run ssh USER@HOST to see why" : quote(ssh)));
    }
    if (retryingSince != null || any(fatalLines(all), NETWORK)) {
      String why = retrying.isEmpty() ? first(fatalLines(all), NETWORK) : retrying;
      return new Failure(
          Kind.AWAY,
          "it can't be reached (%s); check the network and the server".formatted(quote(why)));
    }
    if (exit == 10 || any(all, NO_REPOSITORY)) {
      return new Failure(
          Kind.NO_REPOSITORY,
          "there is no repository; check the address, and that its disk is mounted");
    }
    if (any(all, NO_BACKUP)) {
      return new Failure(Kind.NO_BACKUP, "there is no such backup; see its list of backups");
    }
    if (stalled()) {
      return new Failure(
          Kind.AWAY,
          "it has taken nothing for %s; check the network and the server"
              .formatted(HumanText.time(STALL.toMillis())));
    }
    if (late) {
      return new Failure(Kind.TIMEOUT, "it was not done within its deadline");
    }
    if (any(all, DAMAGED)) {
      return new Failure(
          Kind.DAMAGED,
          "it is damaged (%s); see restic's manual, \"Troubleshooting\""
              .formatted(quote(first(all, DAMAGED))));
    }
    if (exit == 3) {
      return new Failure(
          Kind.INCOMPLETE,
          "%d files could not be read: %s"
              .formatted(unread.size(), unread.isEmpty() ? "no names" : quote(unread.getFirst())));
    }
    return new Failure(Kind.OTHER, "restic ended with %d: %s".formatted(exit, telling(all)));
  }

  private String locked() {
    Matcher owner = LOCK_OWNER.matcher(text());
    Matcher time = LOCK_TIME.matcher(text());
    return "it is locked by %s; wait for it to end%s"
        .formatted(
            owner.matches()
                ? "process %s on %s%s"
                    .formatted(
                        owner.group(1),
                        owner.group(2),
                        time.matches() ? " since " + time.group(1) : "")
                : "another process",
            ", or run restic unlock if it is gone");
  }

  /** Lines about a single file or about a try that succeeded later are no reason of the end. */
  private static List<String> fatalLines(List<String> all) {
    List<String> fatal =
        all.stream()
            .filter(line -> line.contains("Fatal") || line.matches("(subprocess )?(ssh|rclone):.*"))
            .toList();
    return fatal.isEmpty() && !all.isEmpty() ? List.of(all.getLast()) : fatal;
  }

  private static boolean any(List<String> all, Pattern pattern) {
    return all.stream().anyMatch(line -> pattern.matcher(line).matches());
  }

  private static String first(List<String> all, Pattern pattern) {
    return all.stream().filter(line -> pattern.matcher(line).matches()).findFirst().orElse("");
  }

  private static String telling(List<String> all) {
    String line =
        all.stream()
            .filter(each -> each.contains("Fatal"))
            .findFirst()
            .orElseGet(() -> OutputText.tellingLine(String.join("\n", all)));
    return line.isEmpty() ? "no output" : quote(line);
  }

  private static String quote(String line) {
    return OutputText.quote(line.replaceFirst("^Fatal: ", ""), MOST_QUOTED);
  }
}
