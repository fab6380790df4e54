package dev.orchestrator.upgrade;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.FigureAnswer;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.ReceiptWriter;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.settings.Expectation;
import dev.orchestrator.settings.Invariant;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Asks the version that serves and the new one for the figures of the stack's invariants, and
 * compares them. Blocks; on the run's thread.
 */
public final class InvariantChecks {
  /** A version that has just started may be busy: so many times in a row must a figure be wrong. */
  private static final int TRIES = 3;

  /** What takes longer is not asked again while clients wait. */
  private static final Duration QUICK = Duration.ofMillis(500);

  /** For what is done beside the longest answer. */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  /** Between two looks in the bake; at least four are made. */
  private static final Duration BAKE_PAUSE = Duration.ofSeconds(10);

  private static final int BAKE_LOOKS = 4;

  /** Figures that are slow to answer keep the services busy for no more than this part of it. */
  private static final int BAKE_LOAD = 10;

  private static final TypeReference<List<InvariantRecord>> RECORDS = new TypeReference<>() {};

  private final UpgradeContext context;

  InvariantChecks(UpgradeContext context) {
    this.context = context;
  }

  private List<Invariant> all() {
    return context.settings().stack().invariants();
  }

  /** Whether a run compares figures: it brings another version, or another host, to the data. */
  private boolean apply(UpgradeRun run) {
    return !all().isEmpty()
        && run.blue != null
        && switch (run.record.kind()) {
          case UPGRADE, REHEARSE, MOVE -> true;
          case UP, ROLLBACK, ADOPT, SNAPSHOT, RESTORE, PROVE -> false;
        };
  }

  /**
   * The figures of what serves, a line each, for a plan.
   *
   * @throws RefusedException when one can't be had
   */
  public List<String> describe(Generation blue) {
    if (all().isEmpty()) {
      return List.of();
    }
    List<Invariant> here = of(blue);
    Map<String, FigureAnswer> answers = requireAnswers(blue, here);
    return all().stream()
        .map(each ->
            here.contains(each)
                ? "invariant %s: %s of %s, %s now, must be %s"
                    .formatted(
                        each.name(),
                        each.describe(),
                        each.service(),
                        answer(answers, each).value(),
                        each.expect())
                : leftOut(each, blue))
        .toList();
  }

  /**
   * Makes sure, before anything changes, that what serves can be asked.
   *
   * @return a line for the receipt; empty where there is nothing to ask
   */
  public String require(UpgradeRun run) {
    if (!apply(run)) {
      return "";
    }
    Generation blue = run.blue();
    Map<String, FigureAnswer> answers = requireAnswers(blue, of(blue));
    return "invariants: "
        + answers.values().stream()
            .map(each -> each.name() + " " + each.value())
            .collect(Collectors.joining(", "));
  }

  private Map<String, FigureAnswer> requireAnswers(Generation blue, List<Invariant> invariants) {
    Map<String, FigureAnswer> answers = ask(blue, invariants, limit(invariants));
    String problems =
        answers.values().stream()
            .filter(answer -> !answer.isKnown())
            .map(answer -> "invariant %s: %s".formatted(answer.name(), answer.problem()))
            .collect(Collectors.joining("; "));
    if (!problems.isEmpty()) {
      throw new RefusedException(
          "%s can't be asked for its figures (%s): mend `invariants` in stack.conf"
              .formatted(blue.version(), problems));
    }
    return answers;
  }

  /** The invariants whose services a running generation has. */
  private List<Invariant> of(Generation generation) {
    Set<String> services =
        context.capsule(generation).services(context.briefTimeout()).stream()
            .map(InnerService::service)
            .collect(Collectors.toSet());
    return all().stream().filter(each -> services.contains(each.service())).toList();
  }

  /** Those that what serves was asked for in a run. */
  private List<Invariant> asked(UpgradeRun run) {
    return all().stream().filter(each -> run.figures.containsKey(each.name())).toList();
  }

  private static String leftOut(Invariant invariant, Generation blue) {
    return "invariant %s is left out, as %s has no service %s"
        .formatted(invariant.name(), blue.version(), invariant.service());
  }

  private static Duration limit(List<Invariant> invariants) {
    return invariants.stream()
        .map(Invariant::timeout)
        .max(Duration::compareTo)
        .orElse(Duration.ZERO)
        .plus(MARGIN);
  }

  private Map<String, FigureAnswer> ask(
      Generation generation, List<Invariant> invariants, Duration limit) {
    return invariants.isEmpty()
        ? Map.of()
        : context.capsule(generation).figures(invariants, limit).stream()
            .collect(
                Collectors.toMap(
                    FigureAnswer::name, Function.identity(), (a, b) -> a, TreeMap::new));
  }

  private static FigureAnswer answer(Map<String, FigureAnswer> answers, Invariant invariant) {
    return answers.getOrDefault(
        invariant.name(), FigureAnswer.unknown(invariant, "it was not answered"));
  }

  /**
   * Asks what serves right before clients begin to wait, or before it is frozen for the copy of a
   * rehearsal.
   *
   * @throws RefusedException when a figure can't be had
   */
  public void askBefore(UpgradeRun run) {
    if (!apply(run)) {
      return;
    }
    run.figures.clear();
    List<Invariant> here = of(run.blue());
    long begun = System.nanoTime();
    requireAnswers(run.blue(), here)
        .forEach((name, answer) -> run.figures.put(name, List.of(answer.value())));
    run.figuresAreQuick = System.nanoTime() - begun <= QUICK.toNanos();
  }

  /**
   * Asks again while clients wait and the services of what serves are about to stop, so that no
   * write of a client comes after it. Left out where it would cost the clients much.
   */
  public void askInHold(UpgradeRun run) {
    if (!run.figuresAreQuick || run.figures.isEmpty()) {
      return;
    }
    List<Invariant> here = asked(run);
    ask(run.blue(), here, run.budget(limit(here))).values().stream()
        .filter(FigureAnswer::isKnown)
        .forEach(answer -> run.figures.put(answer.name(), List.of(answer.value())));
  }

  /** Asks what serves again right after that: the copy is of a moment between the two. */
  void askAfterCopy(UpgradeRun run) {
    if (run.figures.isEmpty()) {
      return;
    }
    List<Invariant> here = asked(run);
    for (FigureAnswer answer : ask(run.blue(), here, limit(here)).values()) {
      if (answer.isKnown()) {
        run.figures.computeIfPresent(
            answer.name(), (name, before) -> List.of(before.getFirst(), answer.value()));
      }
    }
  }

  /**
   * Compares the figures of a new version, which is healthy, with those before.
   *
   * @param step that asks
   * @param limit of all tries
   * @return what was found, to be joined to a line; empty where there is nothing to compare
   * @throws HealthException when a figure is not as expected
   */
  public String compare(
      UpgradeRun run, Generation next, String step, Duration limit, Consumer<String> progress) {
    if (!apply(run)) {
      return "";
    }
    Deadline end = Deadline.in(limit);
    List<InvariantRecord> found = List.of();
    for (int tries = 1; tries <= TRIES; tries++) {
      if (tries > 1) {
        pause(context.limits().verify().interval());
      }
      found = look(run, next, step, end);
      if (bad(found).isEmpty() || end.passed()) {
        break;
      }
      progress.accept(lines(bad(found)));
    }
    record(run.id(), step, found);
    if (!bad(found).isEmpty()) {
      throw new HealthException(lines(bad(found)));
    }
    return "; invariants: "
        + found.stream().map(InvariantRecord::line).collect(Collectors.joining("; "));
  }

  /**
   * The figures of an old version on the data of the new one that are neither as before nor as
   * expected of the new one, in one line; empty where there are none.
   */
  String lostOnTheWayBack(UpgradeRun run, Generation old) {
    Deadline end = Deadline.in(limit(all()));
    return apply(run)
        ? lines(
            look(run, old, "way back", end).stream()
                .filter(each -> !each.good() && !each.before().contains(each.after()))
                .toList())
        : "";
  }

  private List<InvariantRecord> look(UpgradeRun run, Generation next, String step, Deadline end) {
    List<String> notStarted =
        step.equals("verify") ? List.of() : context.rehearsal().limits().leftOut();
    List<Invariant> compared =
        asked(run).stream().filter(each -> !notStarted.contains(each.service())).toList();
    Map<String, FigureAnswer> answers = ask(next, compared, end.atMost(limit(compared)));
    List<InvariantRecord> found = new ArrayList<>();
    for (Invariant each : all()) {
      List<String> before = run.figures.get(each.name());
      found.add(
          before == null || !compared.contains(each)
              ? new InvariantRecord(
                  each.name(),
                  each.service(),
                  each.expect().text(),
                  step,
                  List.of(),
                  "",
                  true,
                  before == null
                      ? leftOut(each, run.blue())
                      : "invariant %s is left out, as service %s is not started in a rehearsal"
                          .formatted(each.name(), each.service()))
              : compared(each, step, before, answer(answers, each)));
    }
    return found;
  }

  private static InvariantRecord compared(
      Invariant invariant, String step, List<String> before, FigureAnswer after) {
    return new InvariantRecord(
        invariant.name(),
        invariant.service(),
        invariant.expect().text(),
        step,
        before,
        after.value(),
        after.isKnown() && holds(invariant.expect(), before, after.value()),
        after.problem());
  }

  private static boolean holds(Expectation expect, List<String> before, String after) {
    return after.startsWith("sha256:")
        ? before.contains(after)
        : expect.holds(before.stream().map(BigDecimal::new).toList(), new BigDecimal(after));
  }

  private static List<InvariantRecord> bad(List<InvariantRecord> found) {
    return found.stream().filter(each -> !each.good()).toList();
  }

  private static String lines(List<InvariantRecord> found) {
    return found.stream().map(each -> "invariant " + each.line()).collect(Collectors.joining("; "));
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("interrupted while figures were compared");
    }
  }

  /** Replaces what an earlier try of the same step has found. */
  private void record(String run, String step, List<InvariantRecord> found) {
    List<InvariantRecord> all = new ArrayList<>(of(run));
    all.removeIf(each -> each.step().equals(step));
    all.addAll(found);
    context.journal().attach(run, ReceiptWriter.INVARIANTS, Json.write(all));
  }

  private List<InvariantRecord> of(String run) {
    return context
        .journal()
        .attachment(run, ReceiptWriter.INVARIANTS)
        .map(json -> Json.read(json, RECORDS))
        .orElse(List.of());
  }

  /** Whether the rehearsal in a run has compared all that is to be compared now. */
  boolean wereCompared(String run) {
    List<InvariantRecord> found =
        of(run).stream().filter(each -> each.step().equals("rehearse")).toList();
    return all().stream()
        .allMatch(each ->
            found.stream()
                .anyMatch(known ->
                    known.name().equals(each.name())
                        && known.service().equals(each.service())
                        && known.expect().equals(each.expect().text())));
  }

  /** What the last run that has compared figures has found; empty where none has. */
  public List<InvariantRecord> last() {
    if (all().isEmpty()) {
      return List.of();
    }
    for (UpgradeRecord run : context.journal().history()) {
      List<InvariantRecord> found = of(run.id());
      if (!found.isEmpty()) {
        String step = found.getLast().step();
        return found.stream().filter(each -> each.step().equals(step)).toList();
      }
    }
    return List.of();
  }

  /** Begins to look at the figures of what a run has switched to. For one thread. */
  public Watch watch(UpgradeRun run) {
    return new Watch(run);
  }

  /** The figures of a version in its bake, which are asked for from time to time. */
  public final class Watch {
    private final UpgradeRun run;
    private final Map<String, List<String>> before;
    private final List<Invariant> watched;
    private final Duration pause;
    private Deadline next = Deadline.in(Duration.ZERO);

    private Watch(UpgradeRun run) {
      this.run = run;
      // In the journal, as the service may have been started anew since.
      this.before =
          of(run.id()).stream()
              .filter(each -> each.step().equals("verify") && !each.before().isEmpty())
              .collect(
                  Collectors.toMap(InvariantRecord::name, InvariantRecord::before, (a, b) -> a));
      this.watched =
          apply(run)
              ? all().stream()
                  .filter(each -> each.bake() && before.containsKey(each.name()))
                  .toList()
              : List.of();
      Duration part = context.limits().bake().dividedBy(BAKE_LOOKS);
      this.pause = part.compareTo(BAKE_PAUSE) < 0 ? part : BAKE_PAUSE;
    }

    /** Looks if it is time to; a line for each figure that is not as expected. */
    public List<String> look() {
      if (watched.isEmpty() || !next.passed()) {
        return List.of();
      }
      long begun = System.nanoTime();
      Map<String, FigureAnswer> answers;
      try {
        answers = ask(run.green(), watched, limit(watched));
      } catch (CapsuleException e) {
        if (e.isOutage()) {
          return List.of();
        }
        return List.of(FailureText.of(e));
      }
      List<InvariantRecord> found =
          watched.stream()
              .map(each ->
                  compared(
                      each,
                      "bake",
                      Optional.ofNullable(before.get(each.name())).orElse(List.of()),
                      answer(answers, each)))
              .toList();
      List<InvariantRecord> bad = bad(found);
      if (bad.isEmpty()) {
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        Duration rest = took.multipliedBy(BAKE_LOAD);
        next = Deadline.in(rest.compareTo(pause) > 0 ? rest : pause);
      } else {
        record(run.id(), "bake", found);
      }
      return bad.stream().map(each -> "invariant " + each.line()).toList();
    }
  }
}
