package dev.orchestrator.engine;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an image is made for, in the words of the OCI image specification; other names of the same
 * architecture are taken for these, as containerd does.
 *
 * @param variant such as {@code v7}; empty for an architecture's usual one, except for arm
 */
public record Platform(String os, String architecture, String variant) {
  private static final Map<String, String> NAMES =
      Map.of(
          "x86_64", "amd64",
          "x86-64", "amd64",
          "aarch64", "arm64",
          "i386", "386",
          "i686", "386",
          "armhf", "arm",
          "armel", "arm",
          "armv7l", "arm",
          "armv6l", "arm");

  public Platform {
    os = os.toLowerCase(Locale.ROOT);
    String name = architecture.toLowerCase(Locale.ROOT);
    architecture = NAMES.getOrDefault(name, name);
    if (architecture.equals("arm") && variant.isEmpty()) {
      variant = name.equals("armel") || name.equals("armv6l") ? "v6" : "v7";
    } else if ((architecture + "/" + variant).matches("amd64/v1|arm64/v?8")) {
      variant = "";
    }
  }

  /**
   * Whether a platform that a user wrote is this one.
   *
   * @param text such as {@code linux/arm64/v8}, {@code arm64} or {@code linux}
   */
  public boolean is(String text) {
    String[] parts = text.strip().split("/", -1);
    if (parts.length == 1) {
      return parts[0].equalsIgnoreCase(os) || new Platform(os, parts[0], "").equals(this);
    }
    return new Platform(parts[0], parts[1], parts.length > 2 ? parts[2] : "").equals(this);
  }

  /** The variables that BuildKit sets for a build on and for this platform. */
  Map<String, String> variables() {
    Map<String, String> variables = new TreeMap<>();
    for (String prefix : List.of("BUILD", "TARGET")) {
      variables.put(prefix + "PLATFORM", toString());
      variables.put(prefix + "OS", os);
      variables.put(prefix + "ARCH", architecture);
      variables.put(prefix + "VARIANT", variant);
    }
    return variables;
  }

  /** As users write it, such as {@code linux/amd64} or {@code linux/arm/v7}. */
  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }
}
