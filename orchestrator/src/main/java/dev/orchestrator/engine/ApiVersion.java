package dev.orchestrator.engine;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A version of the engine's API. A text that is no version counts as 0.0. */
record ApiVersion(int major, int minor) implements Comparable<ApiVersion> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})");
  private static final Comparator<ApiVersion> ORDER =
      Comparator.comparingInt(ApiVersion::major).thenComparingInt(ApiVersion::minor);

  static ApiVersion parse(@Nullable String text) {
    Matcher m = FORM.matcher(text == null ? "" : text.strip());
    return m.matches()
        ? new ApiVersion(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)))
        : new ApiVersion(0, 0);
  }

  @Override
  public int compareTo(ApiVersion other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
