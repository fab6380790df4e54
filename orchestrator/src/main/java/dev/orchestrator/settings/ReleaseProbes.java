package dev.orchestrator.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Probes that a release carries beside its compose file: {@code probes.conf}, with the same {@code
 * probes} as a stack.conf. They belong to that version alone; one with the name of a probe of the
 * stack takes its place.
 *
 * @param text what {@link #parse} makes the same probes of; empty for none
 */
public record ReleaseProbes(List<Probe> probes, String text) {
  /** The file's name in the folder of a release. */
  public static final String FILE = "probes.conf";

  private static final ReleaseProbes NONE = new ReleaseProbes(List.of(), "");

  /**
   * Reads the file; none where there is none. Blocks.
   *
   * @throws InvalidSettingsException with file, line and key, for whatever is wrong in it
   */
  public static ReleaseProbes read(Path release) {
    Path path = release.resolve(FILE);
    if (!Files.exists(path)) {
      return NONE;
    }
    SettingsFile file = SettingsFile.read(path, Map.of());
    return new ReleaseProbes(
        probes(file), file.config().root().render(ConfigRenderOptions.concise()));
  }

  /** The probes of a {@link #text}. */
  public static List<Probe> parse(String text) {
    return text.isEmpty()
        ? List.of()
        : probes(new SettingsFile(Path.of(FILE), ConfigFactory.parseString(text)));
  }

  private static List<Probe> probes(SettingsFile file) {
    SettingsErrors errors = new SettingsErrors();
    Config defaults = ConfigFactory.parseString("probes = []");
    SettingsSection section =
        new SettingsSection(file.config().withFallback(defaults).root(), file, "", errors);
    List<Probe> probes = ProbeReader.read(section);
    section.rejectUnknownKeys();
    errors.throwIfAny();
    return probes;
  }

  /** The stack's probes with those of a release. */
  public static List<Probe> merge(List<Probe> ofStack, List<Probe> ofRelease) {
    List<Probe> all = new ArrayList<>();
    for (Probe probe : ofStack) {
      if (ofRelease.stream().noneMatch(own -> own.name().equals(probe.name()))) {
        all.add(probe);
      }
    }
    all.addAll(ofRelease);
    return List.copyOf(all);
  }
}
