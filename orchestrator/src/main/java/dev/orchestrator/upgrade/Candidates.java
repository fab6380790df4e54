package dev.orchestrator.upgrade;

import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Numbers a run's candidate, names what it will have, and puts it into the journal. */
public final class Candidates {
  private final UpgradeContext context;

  Candidates(UpgradeContext context) {
    this.context = context;
  }

  /**
   * A candidate of what serves now, which the run has from before a restart; otherwise a new one.
   *
   * @param where another engine that it is to be on, or null
   */
  public Generation ofBlue(UpgradeRun run, @Nullable RemoteEngine where) {
    Generation known = run.green;
    if (known != null) {
      return known;
    }
    Generation blue = run.blue();
    return add(run, blue.version(), blue.content(), blue.image(), blue.ports(), where);
  }

  /**
   * A new candidate.
   *
   * @param where another engine that it is to be on, or null
   */
  public Generation add(
      UpgradeRun run,
      String version,
      String content,
      String image,
      Map<String, Integer> ports,
      @Nullable RemoteEngine where) {
    int number = context.journal().nextGeneration();
    Generation candidate =
        new Generation(
            number,
            version,
            content,
            image,
            // Of a snapshot: nothing on the engine ever has these two names.
            context.names().container(number),
            context.transfer().targetVolumes(run, number),
            context.names().store(number),
            ports,
            context.clock().instant(),
            where);
    context.journal().addCandidate(run.id(), candidate);
    run.green = candidate;
    return candidate;
  }
}
