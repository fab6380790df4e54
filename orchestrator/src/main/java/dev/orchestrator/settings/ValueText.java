package dev.orchestrator.settings;

import com.typesafe.config.ConfigValue;
import java.time.Duration;

/** Shows values of settings in messages. */
final class ValueText {

  private ValueText() {}

  static String text(ConfigValue value) {
    return switch (value.valueType()) {
      case STRING, NUMBER -> value.atKey("value").getString("value");
      case BOOLEAN -> String.valueOf(value.unwrapped());
      case OBJECT, LIST, NULL -> kind(value);
    };
  }

  static String kind(ConfigValue value) {
    return switch (value.valueType()) {
      case OBJECT -> "an object";
      case LIST -> "a list";
      case NUMBER -> "a number";
      case BOOLEAN -> value.unwrapped() + " (true and false are no texts)";
      case NULL -> "null";
      case STRING -> "a text";
    };
  }

  static String time(Duration time) {
    if (time.isZero()) {
      return "0s";
    }
    if (time.toMillis() % 1000 != 0) {
      return time.toMillis() + "ms";
    }
    long seconds = time.toSeconds();
    return seconds % 86_400 == 0
        ? seconds / 86_400 + "d"
        : seconds % 3600 == 0
            ? seconds / 3600 + "h"
            : seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }
}
