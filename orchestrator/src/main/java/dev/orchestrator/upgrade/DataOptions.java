package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.FileSettings.Policy;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Options of one run that override the data settings of stack.conf. Kept in the journal with the
 * run.
 *
 * @param rollback what a rollback does with the newer data; null for the configured way
 * @param full whether the content of every file is compared
 * @param attach whether a volume that is not immutable may be attached
 * @param acceptUnused what the next version may leave unused, as in {@code data.accept-unused}
 * @param files what becomes of changed files of the release whose setting is auto or ask; null
 *     where the request doesn't say it
 * @param acceptOneWay whether a version may be upgraded to from which nothing leads back
 */
public record DataOptions(
    @Nullable Rollback rollback,
    boolean full,
    boolean attach,
    @Nullable List<String> acceptUnused,
    @Nullable Policy files,
    boolean acceptOneWay) {
  /** No override. */
  public static final DataOptions NONE = new DataOptions(null, false, false);

  /** Key in the journal. */
  private static final String ATTACHMENT_KEY = "data-options";

  public DataOptions {
    // A journal that was written before this option existed has none.
    acceptUnused = acceptUnused == null ? List.of() : List.copyOf(acceptUnused);
  }

  public DataOptions(@Nullable Rollback rollback, boolean full, boolean attach) {
    this(rollback, full, attach, List.of());
  }

  /** Options without an answer for changed files of the release. */
  public DataOptions(
      @Nullable Rollback rollback,
      boolean full,
      boolean attach,
      @Nullable List<String> acceptUnused) {
    this(rollback, full, attach, acceptUnused, null);
  }

  /** Options that do not accept a version from which nothing leads back. */
  public DataOptions(
      @Nullable Rollback rollback,
      boolean full,
      boolean attach,
      @Nullable List<String> acceptUnused,
      @Nullable Policy files) {
    this(rollback, full, attach, acceptUnused, files, false);
  }

  @Override
  public List<String> acceptUnused() {
    return acceptUnused == null ? List.of() : acceptUnused;
  }

  /** Options of a rollback. */
  public static DataOptions forRollback(Rollback rollback) {
    return new DataOptions(rollback, false, false);
  }

  /** The journal's form of these options. */
  public Map<String, String> attachments() {
    return Map.of(ATTACHMENT_KEY, Json.write(this));
  }

  /** The options that a run was begun with. */
  public static DataOptions ofRun(UpgradeContext context, String run) {
    return context
        .journal()
        .attachment(run, ATTACHMENT_KEY)
        .map(json -> Json.read(json, DataOptions.class))
        .orElse(NONE);
  }

  /** Whether a rollback takes the newer data along. */
  public boolean carriesData() {
    return rollback == Rollback.CARRY;
  }
}
