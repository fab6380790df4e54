package dev.orchestrator.settings;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads the {@code probes} of a stack.conf. */
final class ProbeReader {

  private static final List<String> KINDS = List.of("http", "tcp", "exec");
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private ProbeReader() {}

  static List<Probe> read(SettingsSection stack) {
    List<Probe> probes = new ArrayList<>();
    for (SettingsSection section : stack.sections("probes")) {
      String name = NameRules.read(section, "name", "front-page");
      if (!name.isEmpty() && probes.stream().anyMatch(other -> other.name().equals(name))) {
        section.addError(
            "name", "\"" + name + "\" is the name of another probe; write a different name");
      }
      String service = NameRules.service(section);
      Optional<Duration> timeout = time(section, "timeout");
      List<String> kinds = KINDS.stream().filter(section::has).toList();
      if (kinds.size() != 1) {
        section.addError(
            (kinds.isEmpty() ? "checks nothing" : "has " + String.join(" and ", kinds))
                + "; write http { … }, tcp { … } or exec { … }");
      } else {
        check(section, kinds.getFirst(), name, service, timeout).ifPresent(probes::add);
      }
      section.rejectUnknownKeys();
    }
    return List.copyOf(probes);
  }

  private static Optional<Probe> check(
      SettingsSection probe, String kind, String name, String service, Optional<Duration> timeout) {
    Optional<SettingsSection> details = probe.section(kind);
    if (details.isEmpty()) {
      return Optional.empty();
    }
    SettingsSection section = details.get();
    // An answer that comes later than max-latency fails, which is what a shorter time-out does.
    Duration latency = kind.equals("http") ? time(section, "max-latency").orElse(LONGEST) : LONGEST;
    Duration limit = timeout.orElse(latency.equals(LONGEST) ? TIMEOUT : latency);
    Probe.Check check =
        switch (kind) {
          case "http" -> http(section);
          case "tcp" -> new Probe.Tcp(section.whole("port", 1, 65_535));
          default ->
              new Probe.Exec(section.texts("command", "[\"mariadb\", \"-e\", \"select 1\"]"));
        };
    section.rejectUnknownKeys();
    return Optional.of(
        new Probe(name, service, check, latency.compareTo(limit) < 0 ? latency : limit));
  }

  private static Optional<Duration> time(SettingsSection section, String key) {
    return section.has(key) ? Optional.of(section.time(key, SHORTEST, LONGEST)) : Optional.empty();
  }

  private static Probe.Http http(SettingsSection section) {
    int port = section.whole("port", 1, 65_535);
    String path = path(section);
    int status = section.whole("status", 100, 599, 200);
    String body = section.text("body");
    return new Probe.Http(
        port,
        path,
        status,
        body.isEmpty() ? null : section.parsed("body", body, ProbeReader::pattern).orElse(null));
  }

  /** The path of a GET; by default the root. */
  static String path(SettingsSection section) {
    String path = section.has("path") ? section.text("path") : "/";
    if (!path.matches("/[!-~]*")) {
      section.addError(
          "path", "\"" + path + "\" is not a path; write for example /health, percent-encoded");
    }
    return path;
  }

  private static Pattern pattern(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "\"%s\" is not a regular expression (%s, near index %d); put \\\\ before a character that stands for itself"
              .formatted(text, e.getDescription(), e.getIndex()),
          e);
    }
  }
}
