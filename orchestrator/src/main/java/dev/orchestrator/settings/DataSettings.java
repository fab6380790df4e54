package dev.orchestrator.settings;

import java.util.List;
import java.util.Map;

/**
 * How data gets from the old version to the new.
 *
 * @param strategy for every volume that has no strategy of its own
 * @param quiesce how services stop writing, unless {@code services} names another way
 * @param services how single services stop writing, by their names
 * @param hooks commands that run in services before these stop writing and after they run again
 * @param reserve bytes that must stay free on each disk
 * @param full whether all content of a copy is compared, instead of that of databases and of a
 *     sample of the other files
 * @param passes how often at most the data is copied while the old version serves
 * @param small bytes; once a pass has moved no more than this, clients can wait for the last pass
 * @param allowAttach whether a volume that isn't immutable may be attached
 * @param rollback what a rollback does with the newer data when the request doesn't say it
 * @param ignore paths in containers, outside volumes, whose loss at an upgrade doesn't matter
 * @param acceptUnused what the old version keeps and a new one may leave unused, as the compose
 *     file names it: {@code media} or {@code ./media}
 * @param imports volumes of the host's engine from which new data begins
 * @param volumes data volumes beside the main one, which holds the rest
 * @param files what becomes of files of the release that services write to, where it isn't {@code
 *     auto}
 */
public record DataSettings(
    Strategy strategy,
    Quiesce quiesce,
    Map<String, Quiesce> services,
    List<Hook> hooks,
    long reserve,
    boolean full,
    int passes,
    long small,
    boolean allowAttach,
    Rollback rollback,
    List<String> ignore,
    List<String> acceptUnused,
    List<VolumeImport> imports,
    List<VolumeSettings> volumes,
    List<FileSettings> files) {

  /** How green gets its data. */
  public enum Strategy {
    /** Each upgrade finds out which of the others is best. */
    AUTO,
    COPY,
    CLONE,
    ATTACH
  }

  /** How the services of the old version stop writing. */
  public enum Quiesce {
    /** They stop in order, each within its own grace time: their memory reaches the disk. */
    STOP,
    /** They are paused at once, as with a power cut; undone in milliseconds. */
    FREEZE
  }

  /** What a rollback does with the data that was written since the switch. */
  public enum Rollback {
    /** The person who rolls back decides. */
    ASK,
    /** The old version goes on with a copy of it; when it isn't healthy with that, as restore. */
    CARRY,
    /** The old version gets its data as of the switch. */
    RESTORE
  }

  public DataSettings {
    services = Map.copyOf(services);
    hooks = List.copyOf(hooks);
    ignore = List.copyOf(ignore);
    acceptUnused = List.copyOf(acceptUnused);
    imports = List.copyOf(imports);
    volumes = List.copyOf(volumes);
    files = List.copyOf(files);
  }

  /** With the default for all files of the release. */
  public DataSettings(
      Strategy strategy,
      Quiesce quiesce,
      Map<String, Quiesce> services,
      List<Hook> hooks,
      long reserve,
      boolean full,
      int passes,
      long small,
      boolean allowAttach,
      Rollback rollback,
      List<String> ignore,
      List<String> acceptUnused,
      List<VolumeImport> imports,
      List<VolumeSettings> volumes) {
    this(
        strategy,
        quiesce,
        services,
        hooks,
        reserve,
        full,
        passes,
        small,
        allowAttach,
        rollback,
        ignore,
        acceptUnused,
        imports,
        volumes,
        List.of());
  }

  /** With the defaults of everything else. */
  public DataSettings(Strategy strategy, Quiesce quiesce, long reserve) {
    this(
        strategy,
        quiesce,
        Map.of(),
        List.of(),
        reserve,
        false,
        5,
        64L << 20,
        false,
        Rollback.ASK,
        List.of("/tmp", "/run", "/var/run", "/var/cache", "/var/log"),
        List.of(),
        List.of(),
        List.of());
  }

  /**
   * The same with another way in which services stop writing, unless they have one of their own.
   */
  public DataSettings withQuiesce(Quiesce other) {
    return new DataSettings(
        strategy,
        other,
        services,
        hooks,
        reserve,
        full,
        passes,
        small,
        allowAttach,
        rollback,
        ignore,
        acceptUnused,
        imports,
        volumes,
        files);
  }

  /** Whether any service is frozen instead of stopped. */
  public boolean freezes() {
    return quiesce == Quiesce.FREEZE || services.containsValue(Quiesce.FREEZE);
  }

  /**
   * Whether the whole capsule is frozen: its connections stay open, and are served on where the
   * upgrade fails.
   */
  public boolean freezesAll() {
    return quiesce == Quiesce.FREEZE;
  }
}
