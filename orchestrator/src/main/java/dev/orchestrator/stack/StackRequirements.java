package dev.orchestrator.stack;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.UpgradeContext;
import java.util.List;
import java.util.function.Supplier;

/**
 * What must be so before a run begins or a question is answered; where it isn't, a refusal that
 * says what to do. Thread-safe.
 */
final class StackRequirements {
  private final UpgradeContext context;
  private final Journal journal;

  StackRequirements(UpgradeContext context) {
    this.context = context;
    this.journal = context.journal();
  }

  /**
   * What serves, where the stack is up.
   *
   * @param purpose what the user wants, as in "nothing to roll back"
   */
  Generation requireServing(String purpose) {
    Generation serving =
        journal
            .serving()
            .orElseThrow(() ->
                new RefusedException(
                    "nothing to "
                        + purpose
                        + journal
                            .servingOriginal()
                            .map(project ->
                                ": project %s serves in place of the stack: 'orchestrator adopt %s --stack %s' adopts it"
                                    .formatted(project, project, context.settings().stack().name()))
                            .orElse(": the stack was never brought up: 'orchestrator up'")));
    if (journal.down()) {
      throw new RefusedException("the stack is down: 'orchestrator up' first, then " + purpose);
    }
    return serving;
  }

  /** Refuses to begin anew with an empty journal while the engine has data of this stack. */
  void refuseUnknownData() {
    List<String> knownVolumes =
        journal.generations().stream()
            .flatMap(row -> row.generation().volumes().stream())
            .flatMap(volume -> volume.needs().stream())
            .toList();
    context.engine().volumes(context.names().stackLabels()).stream()
        .filter(volume -> "data".equals(volume.labels().get(Labels.ROLE)))
        .filter(volume -> !knownVolumes.contains(volume.name()))
        .findFirst()
        .ifPresent(volume -> {
          throw new RefusedException(
              "there is data of this stack (volume %s) that the journal in %s doesn't know: put a copy of the journal back, or remove what is there with 'docker rm -f' and 'docker volume rm'"
                  .formatted(volume.name(), context.settings().state()));
        });
  }

  /** Runs a query of the engine or a capsule; turns its failure into a refusal. */
  static <T> T refuseOnFailure(Supplier<T> question) {
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new RefusedException(FailureText.of(e), e);
    }
  }

  static void refuseOnFailure(Runnable question) {
    boolean _ =
        refuseOnFailure(() -> {
          question.run();
          return true;
        });
  }

  /** Requires that no run is under way. */
  void requireNoRun() {
    journal
        .running()
        .ifPresent(run -> {
          throw new NotYetException(
              "%s is under way: wait for its end ('orchestrator watch')".formatted(run.id()));
        });
  }

  /** Requires that the orchestrator on the host where it serves has not taken it over. */
  void requireNotTakenOver(Generation serving) {
    RemoteEngine where = serving.elsewhere();
    if (where != null && refuseOnFailure(() -> context.ownerClaim().isTakenOver(serving))) {
      throw new RefusedException(
          "the orchestrator on %s has taken the stack over: go on there; 'orchestrator move --done' ends what is left of it here"
              .formatted(where.address()));
    }
  }

  /**
   * Requires that it serves on this host.
   *
   * @param purpose what the user wants, as in "can't be upgraded from here"
   */
  static void requireHere(Generation serving, String purpose) {
    RemoteEngine where = serving.elsewhere();
    if (where != null) {
      throw new RefusedException(
          "the stack serves on %s, and can't be %s from here: 'orchestrator rollback' brings it back, or let the orchestrator there take it over ('orchestrator import --attach %s')"
              .formatted(where.address(), purpose, serving.container()));
    }
  }
}
