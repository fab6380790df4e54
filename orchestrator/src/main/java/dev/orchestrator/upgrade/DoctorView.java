package dev.orchestrator.upgrade;

import dev.orchestrator.Amounts;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CloneSupport;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.Measure;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRow;
import dev.orchestrator.upgrade.Doctor.Check;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Looks at everything that an upgrade and a way back depend on. Changes nothing. */
final class DoctorView {
  private static final String NO_RUN = "doctor";
  private static final Duration LOOK = Duration.ofMinutes(10);
  private static final Duration ASK = Duration.ofSeconds(20);

  private final Parts parts;
  private final Names names;
  private final List<Check> checks = new ArrayList<>();

  DoctorView(Parts parts, Names names) {
    this.parts = parts;
    this.names = names;
  }

  Doctor look() {
    List<Doctor.Outside> outside = new ArrayList<>();
    Optional<Generation> serving = parts.journal().serving();
    check("engine", this::engine);
    check("left over", this::leftOver);
    if (serving.isPresent() && !parts.journal().down()) {
      Generation now = serving.get();
      check("serving", () -> serving(now));
      now.volumes().forEach(volume -> check("space for " + volume.name(), () -> space(volume)));
      check("clones", () -> clones(now));
      check("way back", this::wayBack);
      check("outside volumes", () -> outside(now, outside));
    }
    return new Doctor(parts.settings().stack().name(), List.copyOf(checks), outside);
  }

  private void check(String name, Supplier<Check> look) {
    try {
      checks.add(look.get());
    } catch (EngineException | CapsuleException | DataException e) {
      checks.add(new Check(name, Doctor.State.BAD, Words.of(e), ""));
    }
  }

  private static Check good(String name, String text) {
    return new Check(name, Doctor.State.GOOD, text, "");
  }

  private Check engine() {
    EngineInfo info = parts.engine().info();
    return good("engine", "Docker " + info.version() + " at " + info.address());
  }

  private Check serving(Generation now) {
    List<String> wrong =
        parts.health().check(parts.capsule(now), parts.settings().stack().probes(), now.ports());
    return wrong.isEmpty()
        ? good("serving", now.version() + " is healthy")
        : new Check(
            "serving",
            Doctor.State.BAD,
            now.version() + ": " + String.join("; ", wrong),
            "see 'orchestrator logs'");
  }

  private Check space(DataVolume volume) {
    Measure measure = parts.copier().measure(volume, names.helper(NO_RUN, Names.LOOK), LOOK);
    long reserve = parts.settings().stack().data().reserve();
    String text =
        String.format(
            Locale.ROOT,
            "%s in %,d files, %s free on %s",
            Amounts.bytes(measure.used()),
            measure.files(),
            Amounts.bytes(measure.free()),
            measure.fileSystem());
    String name = "space for " + volume.name();
    if (measure.free() < reserve) {
      return new Check(
          name, Doctor.State.BAD, text, "free some: " + Amounts.bytes(reserve) + " must stay free");
    }
    return measure.used() + reserve > measure.free()
        ? new Check(
            name, Doctor.State.WARNING, text, "a copy of it would not fit: let it be cloned")
        : good(name, text);
  }

  private Check clones(Generation now) {
    CloneSupport found = parts.capsule(now).clones(ASK);
    if (!found.overlay()) {
      return new Check(
          "clones", Doctor.State.WARNING, "can't be mounted: " + found.why(), "data is copied");
    }
    return found.links()
        ? good("clones", "can be mounted")
        : new Check(
            "clones",
            Doctor.State.WARNING,
            "can be mounted; files with several names would be parted by a write",
            "volumes that have such are copied");
  }

  private Check wayBack() {
    Optional<Generation> previous = parts.journal().previous();
    if (previous.isEmpty()) {
      return new Check("way back", Doctor.State.WARNING, "no earlier version is kept", "");
    }
    Generation old = previous.get();
    List<String> gone = new ArrayList<>();
    old.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> parts.engine().volume(volume).isEmpty())
        .forEach(gone::add);
    return gone.isEmpty()
        ? good("way back", old.version() + ", generation " + old.number() + ", with its data")
        : new Check(
            "way back",
            Doctor.State.BAD,
            "volumes of " + old.version() + " are gone: " + String.join(", ", gone),
            "put a copy back, or live without");
  }

  /** What carries our labels and is in no generation. */
  private Check leftOver() {
    Set<String> known = new HashSet<>();
    for (GenerationRow row : parts.journal().generations()) {
      if (row.state() != State.REMOVED) {
        known.add(row.generation().container());
        known.add(row.generation().storeVolume());
        row.generation().volumes().forEach(volume -> known.addAll(volume.needs()));
      }
    }
    List<String> unknown = new ArrayList<>();
    if (parts.journal().running().isEmpty()) {
      for (ContainerInfo container : parts.engine().containers(names.ours())) {
        unknown.add("container " + container.name());
      }
      for (VolumeInfo volume : parts.engine().volumes(names.ours())) {
        if ("data".equals(volume.labels().get(Labels.ROLE))) {
          unknown.add("volume " + volume.name());
        }
      }
    }
    unknown.removeIf(each -> known.contains(each.substring(each.indexOf(' ') + 1)));
    return unknown.isEmpty()
        ? good("left over", "nothing")
        : new Check(
            "left over",
            Doctor.State.WARNING,
            String.join(", ", unknown),
            "the journal doesn't know them: look, then 'docker rm' and 'docker volume rm'");
  }

  private Check outside(Generation now, List<Doctor.Outside> found) {
    found.addAll(new OutsideState(parts).places(now));
    return found.isEmpty()
        ? good("outside volumes", "nothing that counts")
        : new Check(
            "outside volumes",
            Doctor.State.WARNING,
            found.size() + " places, lost with the next upgrade: see below",
            "mount a volume there, or name what is no loss in data.ignore");
  }
}
