package dev.orchestrator.backup;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.SteadyClock;
import dev.orchestrator.settings.BackupSettings;
import java.io.OutputStream;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The repository of a stack's backups. Every failure is a {@link BackupException}. Any thread;
 * calls block until their deadline at most, and may be interrupted.
 *
 * <p>A run that is killed leaves two things behind: a lock, which the next run removes when its
 * process is gone, and data without an index, which the next backup makes known first, so that it
 * is not sent again.
 */
public final class BackupRepository {
  /** Questions that take a moment where the server answers. */
  private static final Duration SHORT = Duration.ofMinutes(5);

  private final BackupSettings settings;
  private final String host;
  private final ResticRunner runner;
  private final Patience patience;

  /**
   * How long restic may try to reach a server.
   *
   * @param first before anything has been sent or read
   * @param within a transfer, without any progress
   */
  public record Patience(Duration first, Duration within) {
    public static final Patience DEFAULT =
        new Patience(Duration.ofSeconds(30), Duration.ofMinutes(5));
  }

  /**
   * The repository of these settings.
   *
   * @param host name of this host, under which its backups are filed
   */
  public BackupRepository(BackupSettings settings, String host, ResticRunner runner) {
    this(settings, host, runner, Patience.DEFAULT);
  }

  public BackupRepository(
      BackupSettings settings, String host, ResticRunner runner, Patience patience) {
    this.settings = settings;
    this.host = host;
    this.runner = runner;
    this.patience = patience;
  }

  /** Makes the repository; fails when there is one already. */
  public void init() {
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, SHORT)) {
      call(
          session, "making the repository", ResticCommand.init(), SHORT, patience.first(), p -> {});
    }
  }

  /** Whether there is a repository; fails when it can't be reached, or has another password. */
  public boolean exists() {
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, SHORT)) {
      return exists(session);
    }
  }

  private boolean exists(ResticRunner.Session session) {
    try {
      call(
          session,
          "opening the repository",
          ResticCommand.open(),
          SHORT,
          patience.first(),
          p -> {});
      return true;
    } catch (BackupException e) {
      if (e.kind() == Kind.NO_REPOSITORY) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Backs up; the repository must be there. When some files can't be read, the backup is made
   * without them, and that is a failure.
   *
   * @param resume whether the backup before was cut off: what it has sent is made known first
   */
  public BackupSummary backup(
      BackupSource source,
      BackupTags tags,
      boolean resume,
      Duration deadline,
      Consumer<BackupProgress> progress) {
    Deadline end = Deadline.in(deadline);
    String doing = "backing %s up".formatted(tags.stack());
    try (ResticRunner.Session session = runner.open(source, false, deadline)) {
      Optional<Backup> parent =
          list(session, tags.stack()).stream()
              .filter(backup -> backup.host().equals(host))
              .max(Comparator.comparing(Backup::time));
      if (resume) {
        call(
            session,
            "making known what was sent before",
            ResticCommand.index(),
            end.atMost(deadline),
            patience.within(),
            p -> {});
      }
      ResticOutput output =
          call(
              session,
              doing,
              ResticCommand.backup(
                  tags, host, parent.map(Backup::id).orElse(""), settings.limitUpload()),
              end.atMost(deadline),
              patience.within(),
              progress);
      return output
          .summary()
          .orElseThrow(() ->
              new BackupException(
                  Kind.OTHER, message(doing, "restic has not said which backup it made")));
    }
  }

  /** The backups of a stack, of all hosts, the newest first. */
  public List<Backup> list(String stack) {
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, SHORT)) {
      return list(session, stack);
    }
  }

  private List<Backup> list(ResticRunner.Session session, String stack) {
    String doing = "listing the backups of " + stack;
    ResticOutput output =
        call(session, doing, ResticCommand.list(stack), SHORT, patience.first(), p -> {});
    List<Backup> found = new ArrayList<>();
    for (JsonNode snapshot : output.document().orElseThrow(() -> unreadable(doing))) {
      List<String> tags = new ArrayList<>();
      snapshot.path("tags").forEach(tag -> tags.add(tag.asText()));
      try {
        found.add(
            new Backup(
                snapshot.path("id").asText(),
                OffsetDateTime.parse(snapshot.path("time").asText()).toInstant(),
                snapshot.path("hostname").asText(),
                BackupTags.of(tags)));
      } catch (DateTimeParseException e) {
        throw unreadable(doing);
      }
    }
    found.sort(Comparator.comparing(Backup::time).reversed());
    return List.copyOf(found);
  }

  private BackupException unreadable(String doing) {
    return new BackupException(Kind.OTHER, message(doing, "restic's answer can't be read"));
  }

  /**
   * Restores a backup as a whole, with owners, modes, times and extended attributes, and compares
   * what was written with the repository.
   *
   * @param id as in the list, or its first digits
   * @param target empty, and nobody else's
   */
  public void restore(
      String id, BackupSource target, Duration deadline, Consumer<BackupProgress> progress) {
    restore(id, target, null, deadline, progress);
  }

  /**
   * The same.
   *
   * @param release gets the folder {@link BackupManifest#RELEASE} as a tar archive in gzip; null:
   *     nobody does
   */
  public void restore(
      String id,
      BackupSource target,
      @Nullable OutputStream release,
      Duration deadline,
      Consumer<BackupProgress> progress) {
    try (ResticRunner.Session session = runner.open(target, true, deadline)) {
      call(
          session,
          "restoring backup " + id,
          ResticCommand.restore(id),
          deadline,
          patience.within(),
          progress);
      if (release != null) {
        session.copyOut(BackupManifest.RELEASE, release);
      }
    }
  }

  /**
   * Checks the repository.
   *
   * @param percent of its data that is read and compared, from 0 to 100
   */
  public void check(int percent, Duration deadline) {
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, deadline)) {
      call(
          session,
          "checking the repository",
          ResticCommand.check(percent),
          deadline,
          patience.within(),
          p -> {});
    }
  }

  /** The description that is in a backup. */
  public BackupManifest manifest(String id) {
    String doing = "reading what is in backup " + id;
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, SHORT)) {
      return BackupManifest.read(
          call(
                  session,
                  doing,
                  ResticCommand.dump(id, BackupManifest.FILE),
                  SHORT,
                  patience.first(),
                  p -> {})
              .document()
              .orElseThrow(() -> unreadable(doing)));
    }
  }

  /** Removes backups, and the data that no other has. */
  public void remove(List<String> ids, Duration deadline) {
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, deadline)) {
      call(
          session,
          "removing backup " + String.join(", ", ids),
          ResticCommand.remove(ids),
          deadline,
          patience.within(),
          p -> {});
    }
  }

  /** Removes the backups of a stack that the settings do not keep, of this host alone. */
  public ForgetReport forget(String stack, Duration deadline) {
    return forget(stack, false, deadline);
  }

  /**
   * The same.
   *
   * @param plan whether nothing is removed
   */
  public ForgetReport forget(String stack, boolean plan, Duration deadline) {
    String doing = "removing old backups of " + stack;
    if (settings.keep().all()) {
      return new ForgetReport(list(stack).stream().map(Backup::id).toList(), List.of());
    }
    try (ResticRunner.Session session = runner.open(BackupSource.none(), false, deadline)) {
      ResticOutput output =
          call(
              session,
              doing,
              ResticCommand.forget(stack, host, settings.keep(), plan),
              deadline,
              patience.within(),
              p -> {});
      List<String> kept = new ArrayList<>();
      List<String> removed = new ArrayList<>();
      for (JsonNode group : output.document().orElseThrow(() -> unreadable(doing))) {
        group.path("keep").forEach(snapshot -> kept.add(snapshot.path("id").asText()));
        group.path("remove").forEach(snapshot -> removed.add(snapshot.path("id").asText()));
      }
      return new ForgetReport(kept, removed);
    }
  }

  /** Runs restic; where a lock is in the way whose process is gone, without it once more. */
  private ResticOutput call(
      ResticRunner.Session session,
      String doing,
      ResticCommand command,
      Duration deadline,
      Duration patienceOfIt,
      Consumer<BackupProgress> progress) {
    Deadline end = Deadline.in(deadline);
    Attempt first = attempt(session, command, deadline, patienceOfIt, progress);
    if (first.failure().isEmpty()) {
      return first.output();
    }
    ResticOutput.Failure failure = first.failure().get();
    if (failure.kind() == Kind.LOCKED && command.takesLock() && !end.passed()) {
      unlock(session, first.output().lockHost(), end.atMost(SHORT));
      Attempt second = attempt(session, command, end.atMost(deadline), patienceOfIt, progress);
      if (second.failure().isEmpty()) {
        return second.output();
      }
      failure = second.failure().get();
    }
    throw new BackupException(failure.kind(), message(doing, failure.why()));
  }

  /**
   * Removes locks whose process is gone. restic can't remove a single lock that it holds for alive:
   * where it is one of our own runs that is over, all are removed if it is the only one.
   */
  private void unlock(ResticRunner.Session session, String owner, Duration deadline) {
    boolean ownAlone =
        runner.isOver(owner)
            && attempt(session, ResticCommand.listLocks(), deadline, patience.first(), p -> {})
                    .output()
                    .said()
                    .stream()
                    .filter(line -> line.matches("[0-9a-f]{64}"))
                    .count()
                == 1;
    attempt(
        session,
        ownAlone ? ResticCommand.unlockAll() : ResticCommand.unlock(),
        deadline,
        patience.first(),
        p -> {});
  }

  private record Attempt(ResticOutput output, Optional<ResticOutput.Failure> failure) {}

  private Attempt attempt(
      ResticRunner.Session session,
      ResticCommand command,
      Duration deadline,
      Duration patienceOfIt,
      Consumer<BackupProgress> progress) {
    ResticEnvironment secrets = ResticEnvironment.read(settings);
    ResticOutput output =
        new ResticOutput(secrets::redacted, progress, patienceOfIt, SteadyClock.get());
    Deadline end = Deadline.in(deadline);
    int exit = session.run(command, deadline, output);
    return new Attempt(
        output, exit == 0 ? Optional.empty() : Optional.of(output.failure(exit, end.passed())));
  }

  private String message(String doing, String why) {
    return "%s in %s: %s".formatted(doing, settings.repository(), why);
  }
}
