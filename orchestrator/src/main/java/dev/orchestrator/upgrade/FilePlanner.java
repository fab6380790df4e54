package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.ChangedFile;
import dev.orchestrator.capsule.SeededFiles;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.compose.ReleaseFiles.Entry;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.FileSettings.Policy;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out beforehand what becomes of the release's files in the data, by the rule that the
 * capsule goes by ({@code config/image/lib/release-files.jq}). Reads only; blocks.
 */
public final class FilePlanner {
  private static final Duration CAPSULE_TIMEOUT = Duration.ofMinutes(2);

  /** Diffs of a plan; nobody reads more. */
  private static final int MAX_DIFFS = 20;

  /** Bytes; a text goes to the capsule as an argument of a command. */
  private static final int LARGEST_TEXT = 60_000;

  /** Characters; a command's arguments have a limit in the kernel. */
  private static final int MOST_KNOWN = 1_000_000;

  private final UpgradeContext context;

  FilePlanner(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Plans an upgrade.
   *
   * @param blue serves
   * @throws RefusedException when the settings want an answer that the options don't have
   */
  public FilePlan plan(Generation blue, String version, DataOptions options) {
    ReleaseFiles next = context.builder().releaseFiles(version);
    if (next.roots().isEmpty()) {
      return FilePlan.none(version);
    }
    Capsule capsule = context.capsule(blue);
    SeededFiles now =
        capsule.seededFiles(next.files().stream().map(Entry::to).toList(), CAPSULE_TIMEOUT);
    Rule rule = new Rule(next, now, known(next, now, version), options.files());
    List<ChangedFile> kept = new ArrayList<>();
    for (Entry file : next.files()) {
      rule.decide(file)
          .ifPresent(why -> kept.add(changed(capsule, file, why, version, kept.size())));
    }
    for (String gone : rule.dropped()) {
      rule.decideDropped(gone)
          .ifPresent(why -> kept.add(new ChangedFile(ReleaseFiles.shown(gone), why, "", true)));
    }
    FilePlan plan =
        new FilePlan(
            version,
            rule.added,
            rule.changed,
            rule.removed,
            rule.aside,
            kept,
            rule.asked,
            pairs(rule.known, next));
    if (!plan.asked().isEmpty()) {
      throw new RefusedException(plan.question());
    }
    return plan;
  }

  private ChangedFile changed(Capsule capsule, Entry file, String why, String version, int number) {
    String path = ReleaseFiles.shown(file.to());
    Path release = context.settings().stack().releases().resolve(version).resolve(file.from());
    String diff = "";
    try {
      if (number < MAX_DIFFS
          && Files.isRegularFile(release)
          && Files.size(release) <= LARGEST_TEXT) {
        diff = capsule.diff(file.to(), Files.readString(release), CAPSULE_TIMEOUT);
      }
    } catch (CharacterCodingException e) {
      return new ChangedFile(path, why, "", true);
    } catch (IOException | CapsuleException e) {
      diff = "the difference can't be told: " + e.getMessage();
    }
    return new ChangedFile(path, why, diff, true);
  }

  /**
   * What earlier releases have at these paths: those that are still on this host, and the one that
   * the capsule was built from. Asked for only where the data has no record of what was seeded.
   */
  private Map<String, Set<String>> known(ReleaseFiles next, SeededFiles now, String version) {
    Map<String, Set<String>> known = new TreeMap<>();
    Set<String> without =
        next.roots().stream()
            .map(ReleaseFiles::volume)
            .filter(volume -> !now.records().containsKey(volume))
            .collect(Collectors.toSet());
    if (without.isEmpty()) {
      return known;
    }
    now.released()
        .forEach((to, value) -> known.computeIfAbsent(to, key -> new TreeSet<>()).add(value));
    try (Stream<Path> folders = Files.list(context.settings().stack().releases())) {
      for (Path folder : folders.filter(path -> !path.endsWith(version)).toList()) {
        for (Entry file : next.files()) {
          FileTree.Entry there = new FileTree.Entry("", folder.resolve(file.from()));
          if (there.present()) {
            known.computeIfAbsent(file.to(), key -> new TreeSet<>()).add(there.value());
          }
        }
      }
    } catch (IOException e) {
      // Without them a file of such a release is kept, and named.
    }
    known.keySet().removeIf(to -> !without.contains(ReleaseFiles.volume(to)));
    return known;
  }

  private static List<String> pairs(Map<String, Set<String>> known, ReleaseFiles next) {
    Map<String, String> own =
        next.files().stream().collect(Collectors.toMap(Entry::to, Entry::value));
    List<String> pairs = new ArrayList<>();
    int length = 0;
    for (Map.Entry<String, Set<String>> file : known.entrySet()) {
      for (String value : file.getValue()) {
        String pair = file.getKey() + "=" + value;
        length += pair.length() + 1;
        if (!value.equals(own.get(file.getKey())) && length < MOST_KNOWN) {
          pairs.add(pair);
        }
      }
    }
    return pairs;
  }

  /** The rule, file by file; what it returns is why a file is kept. */
  private static final class Rule {
    final List<String> added = new ArrayList<>();
    final List<String> changed = new ArrayList<>();
    final List<String> removed = new ArrayList<>();
    final List<String> aside = new ArrayList<>();
    final List<String> asked = new ArrayList<>();
    final Map<String, Set<String>> known;
    private final ReleaseFiles next;
    private final SeededFiles now;
    private final @Nullable Policy answer;
    private final Map<String, String> recorded = new HashMap<>();
    private final Set<String> absent;

    Rule(
        ReleaseFiles next,
        SeededFiles now,
        Map<String, Set<String>> known,
        @Nullable Policy answer) {
      this.next = next;
      this.now = now;
      this.known = known;
      this.answer = answer;
      now.records().values().forEach(recorded::putAll);
      this.absent =
          next.roots().stream()
              .filter(root -> !now.found().containsKey(root))
              .collect(Collectors.toSet());
    }

    Optional<String> decide(Entry file) {
      String to = file.to();
      String found = now.found().get(to);
      String seeded = recorded.get(to);
      boolean folder = file.value().equals(ReleaseFiles.FOLDER);
      Policy policy = policy(to);
      if (isBelow(to, absent)) {
        note(added, to, folder);
      } else if (policy != Policy.KEEP && !file.value().equals(found)) {
        if (found == null) {
          if (policy == Policy.RELEASE || seeded == null) {
            note(added, to, folder);
          } else if (!seeded.equals(file.value())) {
            return kept(to, "deleted here, changed in " + next.version());
          }
        } else if (!folder && !found.equals(ReleaseFiles.FOLDER)) {
          if (unchanged(to, found, seeded)) {
            note(changed, to, false);
          } else if (policy == Policy.RELEASE) {
            note(aside, to, false);
          } else if (!file.value().equals(seeded)) {
            return kept(to, "changed here and in " + next.version());
          }
        } else if (!file.value().equals(seeded)) {
          return kept(to, "changed here and in " + next.version());
        }
      }
      return Optional.empty();
    }

    Optional<String> decideDropped(String to) {
      String found = now.found().get(to);
      if (found == null || policy(to) == Policy.KEEP || found.equals(ReleaseFiles.FOLDER)) {
        return Optional.empty();
      }
      if (unchanged(to, found, recorded.get(to))) {
        note(removed, to, false);
        return Optional.empty();
      }
      return kept(to, "changed here, gone in " + next.version());
    }

    /** What was seeded below the same roots, and the new release has no more. */
    Set<String> dropped() {
      Set<String> dropped = new TreeSet<>(recorded.keySet());
      dropped.addAll(known.keySet());
      next.files().forEach(file -> dropped.remove(file.to()));
      dropped.removeIf(to -> !next.covers(to) || isBelow(to, absent));
      return dropped;
    }

    private Optional<String> kept(String to, String why) {
      if (next.policy(to) == Policy.ASK && answer == null) {
        asked.add(ReleaseFiles.shown(to));
      }
      return Optional.of(why);
    }

    private boolean unchanged(String to, String found, @Nullable String seeded) {
      return seeded != null
          ? seeded.equals(found)
          : known.getOrDefault(to, Set.of()).contains(found);
    }

    private Policy policy(String to) {
      Policy set = next.policy(to);
      return FilePlan.open(set) ? Objects.requireNonNullElse(answer, Policy.AUTO) : set;
    }

    private static boolean isBelow(String to, Set<String> roots) {
      return roots.stream().anyMatch(root -> Path.of(to).startsWith(root));
    }

    private static void note(List<String> list, String to, boolean folder) {
      if (!folder) {
        list.add(ReleaseFiles.shown(to));
      }
    }
  }
}
