package dev.orchestrator.settings;

import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.GrantSettings.HostPath;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads what a stack may have of the host: the section {@code security}, {@code data.host-paths}
 * and {@code docker-socket}.
 */
final class GrantReader {
  private static final Set<String> MODES = Set.of("rw", "ro");

  private enum SecurityMode {
    CAPABILITIES,
    PRIVILEGED
  }

  private GrantReader() {}

  /** Reads the section {@code security} of a file; the rest is as {@link GrantSettings#NONE}. */
  static GrantSettings readSecurity(SettingsSection parent) {
    return parent.section("security").map(GrantReader::security).orElse(GrantSettings.NONE);
  }

  private static GrantSettings security(SettingsSection section) {
    GrantSettings grants =
        new GrantSettings(
            List.of(),
            DockerSocket.NONE,
            section.choice("mode", SecurityMode.class) == SecurityMode.PRIVILEGED,
            capabilities(section),
            devices(section),
            section.flag("host-network"),
            false);
    section.rejectUnknownKeys();
    return grants;
  }

  /** Reads all grants of a stack.conf. */
  static GrantSettings stack(SettingsSection stack) {
    GrantSettings security = readSecurity(stack);
    return new GrantSettings(
        stack.section("data").map(GrantReader::hostPaths).orElse(List.of()),
        dockerSocket(stack),
        security.privileged(),
        security.capabilities(),
        security.devices(),
        security.hostNetwork(),
        false);
  }

  private static List<String> capabilities(SettingsSection section) {
    List<String> found = new ArrayList<>();
    for (String text : section.texts("capabilities")) {
      String name = Capabilities.name(text);
      if (!Capabilities.ALL.contains(name)) {
        section.addError(
            "capabilities",
            "\"%s\" is not a capability; %s"
                .formatted(
                    text,
                    SpellingSuggestion.near(
                        name.toUpperCase(Locale.ROOT),
                        Capabilities.ALL,
                        "write for example SYS_NICE, or security.mode = privileged for all")));
      }
      found.add(name);
    }
    return found;
  }

  private static List<String> devices(SettingsSection section) {
    List<String> found = new ArrayList<>();
    for (String text : section.texts("devices")) {
      boolean rule = text.matches("[abc] ([0-9]+|\\*):([0-9]+|\\*) [rwm]{1,3}");
      if (!rule && (!text.matches("/dev/[^\\s:,\"]+") || text.contains("/.."))) {
        section.addError(
            "devices",
            "\"%s\" is not a device; write a path such as /dev/dri, or a rule such as \"c 188:* rwm\""
                .formatted(text));
      }
      found.add(text);
    }
    return found;
  }

  private static DockerSocket dockerSocket(SettingsSection stack) {
    String text = stack.text("docker-socket");
    for (DockerSocket socket : DockerSocket.values()) {
      if (socket.word().equals(text)) {
        return socket;
      }
    }
    if (stack.has("docker-socket")) {
      stack.addError(
          "docker-socket", "\"" + text + "\" is not known; write inner, inner-write or none");
    }
    return DockerSocket.NONE;
  }

  private static List<HostPath> hostPaths(SettingsSection data) {
    List<HostPath> found = new ArrayList<>();
    for (SettingsSection section : data.sections("host-paths")) {
      String path = path(section, section.text("path", "/srv/media"));
      String mode = section.text("mode", "rw");
      if (!mode.isEmpty() && !MODES.contains(mode)) {
        section.addError("mode", "\"" + mode + "\" is not known; write rw or ro");
      }
      if (found.stream().anyMatch(other -> other.path().equals(path))) {
        section.addError("path", path + " is given twice; remove one of the two");
      }
      found.add(new HostPath(path, mode.equals("ro")));
      section.rejectUnknownKeys();
    }
    return found;
  }

  private static String path(SettingsSection section, String text) {
    if (text.isEmpty()) {
      return "/?";
    }
    try {
      // The comma and the quote are those of `docker run --mount`.
      if (text.startsWith("/") && !text.matches(".*[\",\\p{Cntrl}].*")) {
        Path path = Path.of(text).normalize();
        String reason = HostPathRules.refusal(path);
        if (!reason.isEmpty()) {
          section.addError(
              "path", "%s %s; name a folder of the data alone".formatted(path, reason));
        }
        return path.toString();
      }
    } catch (InvalidPathException e) {
      // The message below explains it.
    }
    section.addError(
        "path",
        "\"%s\" is not a path of the host; write an absolute path such as /srv/media, without quotes or commas"
            .formatted(text));
    return "/?";
  }
}
