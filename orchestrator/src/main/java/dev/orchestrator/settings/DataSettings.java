package dev.orchestrator.settings;

import java.util.List;
import java.util.Map;

/**
 * How the data moves.
 *
 * @param strategy of every volume that has none of its own
 * @param quiesce how services stop writing, where {@code services} says nothing else of one
 * @param services by name, those that stop writing in another way than the rest
 * @param hooks commands in services, before and after
 * @param reserve bytes that must stay free on each disk
 * @param full whether all content is compared, or that of databases and of a sample of the rest
 * @param passes how often the data is copied at most while the old version serves
 * @param small bytes; when a pass has moved no more than this, the rest is small enough to wait for
 * @param allowAttach whether a volume that isn't immutable may be attached
 * @param rollback what becomes of the newer data when nobody says it
 * @param ignore paths in containers, outside volumes, where what is written is no loss
 * @param volumes of their own, beside the one that holds the rest
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
    List<VolumeSettings> volumes) {

  /** How green gets its data. */
  public enum Strategy {
    /** What is best is found out by each upgrade. */
    AUTO,
    COPY,
    CLONE,
    ATTACH
  }

  /** How blue's writers stop. */
  public enum Quiesce {
    /** In order, each within its own grace time: what it has in memory reaches the disk. */
    STOP,
    /** At once, as with a power cut; undone in milliseconds. */
    FREEZE
  }

  /** What becomes of the data that is newer than the version that is gone back to. */
  public enum Rollback {
    /** A person says. */
    ASK,
    /** The old version goes on with a copy of it; if that isn't healthy, as with restore. */
    CARRY,
    /** The old version gets its data as of the switch. */
    RESTORE
  }

  public DataSettings {
    services = Map.copyOf(services);
    hooks = List.copyOf(hooks);
    ignore = List.copyOf(ignore);
    volumes = List.copyOf(volumes);
  }

  /** All else as it is by default; for tests. */
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
        List.of());
  }

  /** Whether anything is frozen instead of stopped. */
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
