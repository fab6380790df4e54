package dev.orchestrator.registry;

import dev.orchestrator.common.RefusedException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a registry: {@code registry.example:5000/team/shop:1.4.0}.
 *
 * @param host with its port, where it has one
 * @param name of the repository
 */
public record RegistryReference(String host, String name, String tag) {
  private static final Pattern FORM =
      Pattern.compile(
          "(?<host>[a-zA-Z0-9.-]+(?::[0-9]{1,5})?|\\[[0-9a-fA-F:]+\\](?::[0-9]{1,5})?)"
              + "/(?<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
              + ":(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,116})");

  /** Refuses what is none: a registry and a tag are always named. */
  public static RegistryReference parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()
        || !(matcher.group("host").matches(".*[.:\\]].*")
            || matcher.group("host").equals("localhost"))) {
      throw new RefusedException(
          "\"%s\" is no place in a registry: write HOST/NAME:TAG, such as registry.example:5000/team/shop:1.4.0"
              .formatted(text.replaceAll("\\p{Cntrl}", "?")));
    }
    return new RegistryReference(
        matcher.group("host"), matcher.group("name"), matcher.group("tag"));
  }

  /** The tag of what only we read of an image. */
  String ownTag() {
    return tag + ".orchestrator";
  }

  /** Whether it is this machine, where no TLS is needed, as with Docker. */
  boolean isLoopback() {
    return host.matches("localhost(:.*)?|127(\\.[0-9]+){3}(:.*)?|\\[::1\\](:.*)?");
  }

  @Override
  public String toString() {
    return "%s/%s:%s".formatted(host, name, tag);
  }
}
