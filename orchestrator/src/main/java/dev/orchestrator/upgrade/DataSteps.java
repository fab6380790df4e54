package dev.orchestrator.upgrade;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.CopyJob;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.UpgradeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Gets the data of what serves to the candidate: before the hold what can be, the rest in it. */
final class DataSteps {
  private static final Duration SLACK = Duration.ofMinutes(5);

  private final UpgradeContext parts;
  private final ResourceNames names;
  private final Notes notes;
  private final DataSettings data;
  private final UpgradeSettings limits;

  DataSteps(UpgradeContext parts, ResourceNames names, Notes notes) {
    this.parts = parts;
    this.names = names;
    this.notes = notes;
    this.data = parts.settings().stack().data();
    this.limits = parts.settings().stack().upgrade();
  }

  /** The volumes that a new generation gets. */
  List<DataVolume> volumes(int generation, List<VolumeTransfer> moves) {
    return moves.stream().map(move -> move.to(names.volume(generation, move.name()))).toList();
  }

  /** Makes them on the engine, those that aren't what serves' own. */
  void create(Generation green, String run) {
    for (DataVolume volume : green.volumes()) {
      if (volume.method() != Method.ATTACH) {
        parts.engine().createVolume(volume.volume(), names.labels(green, run, "data"));
      }
    }
    parts.engine().createVolume(green.storeVolume(), names.labels(green, run, "store"));
  }

  /** Passes over all volumes until what one moves is small, or doesn't get smaller. */
  String preSync(UpgradeRun run, Consumer<String> progress) {
    List<DataVolume> copies = copies(run.green());
    if (copies.isEmpty()) {
      return "nothing to copy: " + methods(run.green());
    }
    Deadline deadline = Deadline.in(limits.preSync());
    int pass = 0;
    long files = 0;
    long bytes = 0;
    long before;
    long moved = Long.MAX_VALUE;
    do {
      // The first pass moves all, the second is the first difference.
      before = pass < 2 ? Long.MAX_VALUE : moved;
      moved = 0;
      pass++;
      for (DataVolume to : copies) {
        CopyReport report =
            copying(run, to).live(deadline.remaining(), line -> progress.accept(named(to, line)));
        note(run, "pre-sync " + pass, to, report);
        files += report.files();
        moved += report.bytes();
      }
      bytes += moved;
    } while (pass < data.passes() && moved > data.small() && moved < before);
    long compared = 0;
    for (DataVolume to : copies) {
      progress.accept(named(to, "comparing"));
      compared += copying(run, to).compare(full(run), deadline.remaining());
    }
    return String.format(
        Locale.ROOT,
        "%,d files, %s copied in %d passes, %s in the last; content of %,d files compared",
        files,
        HumanText.bytes(bytes),
        pass,
        HumanText.bytes(moved),
        compared);
  }

  /** What serves is at rest: the last difference, compared, and the clones. */
  String sync(UpgradeRun run, Consumer<String> progress) {
    List<String> did = new ArrayList<>();
    for (DataVolume to : copies(run.green())) {
      CopyReport report =
          copying(run, to)
              .finish(
                  full(run), run.budget(limits.hold()), line -> progress.accept(named(to, line)));
      note(run, "sync", to, report);
      did.add(
          named(
              to,
              String.format(
                  Locale.ROOT,
                  "%,d files, %s copied; %,d entries and the content of %,d files compared: the"
                      + " same",
                  report.files(),
                  HumanText.bytes(report.bytes()),
                  report.entries(),
                  report.content())));
    }
    run.endCopies();
    if (cloned(run.green())) {
      parts.capsule(run.green()).mount(run.budget(limits.hold()));
    }
    if (did.isEmpty()) {
      did.add(methods(run.green()));
    }
    return String.join("; ", did);
  }

  private Copying copying(UpgradeRun run, DataVolume to) {
    return run.copies.computeIfAbsent(to.name(), name -> parts.copier().begin(job(run, to)));
  }

  private CopyJob job(UpgradeRun run, DataVolume to) {
    DataVolume from =
        DataPlanner.named(run.blue(), to.name())
            .orElseThrow(() -> new IllegalStateException("nothing to copy to " + to.volume()));
    return new CopyJob(
        from,
        to,
        names.helper(run.id(), ResourceNames.COPY),
        limits.preSync().plus(limits.hold()).plus(SLACK));
  }

  private boolean full(UpgradeRun run) {
    return data.full() || DataOptions.of(parts, run.id()).full();
  }

  private void note(UpgradeRun run, String pass, DataVolume to, CopyReport report) {
    notes.copy(
        run.id(),
        new Receipt.CopyPass(
            to.main() ? pass : pass + " " + to.name(),
            report.files(),
            report.bytes(),
            report.took().toMillis()));
  }

  private static String named(DataVolume volume, String line) {
    return volume.main() ? line : volume.name() + ": " + line;
  }

  private static List<DataVolume> copies(Generation green) {
    return green.volumes().stream()
        .filter(volume -> volume.method() == Method.COPY || volume.method() == Method.REFLINK)
        .toList();
  }

  /** Whether any of its volumes is a layer over another's. */
  static boolean cloned(Generation generation) {
    return generation.volumes().stream().anyMatch(volume -> volume.method() == Method.OVERLAY);
  }

  /** {@code data cloned, media attached}. */
  private static String methods(Generation green) {
    List<String> words = new ArrayList<>();
    for (DataVolume volume : green.volumes()) {
      words.add(
          volume.name()
              + switch (volume.method()) {
                case NEW -> " is new";
                case COPY -> " copied";
                case REFLINK, OVERLAY -> " cloned";
                case ATTACH -> " attached";
              });
    }
    return String.join(", ", words);
  }
}
