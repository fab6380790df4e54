package dev.orchestrator.settings;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * An object of a settings file, read key by key. For a wrong value an error is added and a harmless
 * value returned, so that reading goes on and finds all errors; with an error nothing that was read
 * is used.
 */
final class SettingsSection {

  private final ConfigObject object;
  private final SettingsFile file;
  private final String path;
  private final SettingsErrors errors;
  private final Set<String> known = new LinkedHashSet<>();

  SettingsSection(ConfigObject object, SettingsFile file, String path, SettingsErrors errors) {
    this.object = object;
    this.file = file;
    this.path = path;
    this.errors = errors;
  }

  String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** Adds an error about a key, at the line of its value. */
  void addError(String key, String text) {
    ConfigValue value = object.get(key);
    ConfigOrigin origin = value == null ? object.origin() : value.origin();
    errors.add(SettingsError.at(origin, file, path(key), text));
  }

  /** Adds an error about the whole object. */
  void addError(String text) {
    errors.add(SettingsError.at(object.origin(), file, path, text));
  }

  /** Whether the value comes from reference.conf. */
  boolean isDefault(String key) {
    ConfigValue value = object.get(key);
    return value == null || SettingsError.isDefault(value.origin());
  }

  boolean has(String key) {
    return find(key).isPresent();
  }

  /** The value; empty when it is missing or null. */
  Optional<ConfigValue> find(String key) {
    known.add(key);
    return Optional.ofNullable(object.get(key))
        .filter(value -> value.valueType() != ConfigValueType.NULL);
  }

  private Optional<ConfigValue> require(String key, String example) {
    Optional<ConfigValue> value = find(key);
    if (value.isEmpty()) {
      addError(key, "is missing; write " + example);
    }
    return value;
  }

  /** A text that must be there. */
  String text(String key, String example) {
    return require(key, key + " = " + example).map(value -> string(key, value)).orElse("");
  }

  /** A text; empty when it is missing. */
  String text(String key) {
    return find(key).map(value -> string(key, value)).orElse("");
  }

  private String string(String key, ConfigValue value) {
    if (value.valueType() != ConfigValueType.STRING
        && value.valueType() != ConfigValueType.NUMBER) {
      addError(key, "is " + ValueText.kind(value) + "; write a text");
      return "";
    }
    return value.atKey("value").getString("value");
  }

  /** The keys that are there, in the order of their names; all of them count as known. */
  List<String> keys() {
    known.addAll(object.keySet());
    return object.keySet().stream().sorted().toList();
  }

  /** A text, number or flag as text; empty when it is missing. A message has no value. */
  String scalar(String key) {
    return find(key)
        .map(value ->
            value.valueType() == ConfigValueType.BOOLEAN
                ? value.atKey("value").getString("value")
                : string(key, value))
        .orElse("");
  }

  /** A list of texts that must be there and must not be empty. */
  List<String> texts(String key, String example) {
    Optional<ConfigList> list = require(key, key + " = " + example).flatMap(v -> list(key, v));
    if (list.isPresent() && list.get().isEmpty()) {
      addError(key, "is empty; write " + example);
    }
    return list.orElse(noValues()).stream().map(value -> string(key, value)).toList();
  }

  /** A list of texts that may be empty or missing. */
  List<String> texts(String key) {
    return find(key).flatMap(value -> list(key, value)).orElse(noValues()).stream()
        .map(value -> string(key, value))
        .toList();
  }

  /** True or false; missing is false. */
  boolean flag(String key) {
    Optional<ConfigValue> value = find(key);
    if (value.isPresent() && value.get().valueType() != ConfigValueType.BOOLEAN) {
      addError(
          key, ValueText.text(value.get()) + " is neither true nor false; write true or false");
      return false;
    }
    return value.isPresent() && value.get().atKey("value").getBoolean("value");
  }

  /** A whole number that must be there. */
  int whole(String key, int least, int most) {
    return require(key, "a number from " + least + " to " + most)
        .map(value -> whole(key, value, least, most))
        .orElse(least);
  }

  int whole(String key, int least, int most, int fallback) {
    return find(key).map(value -> whole(key, value, least, most)).orElse(fallback);
  }

  private int whole(String key, ConfigValue value, int least, int most) {
    String text = ValueText.text(value);
    if (text.matches("-?[0-9]{1,9}")) {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    }
    addError(key, text + " is not allowed; write a whole number from " + least + " to " + most);
    return least;
  }

  Duration time(String key, Duration least, Duration most) {
    return time(key, least, most, least);
  }

  Duration time(String key, Duration least, Duration most, Duration fallback) {
    return find(key).map(value -> time(key, value, least, most)).orElse(fallback);
  }

  private Duration time(String key, ConfigValue value, Duration least, Duration most) {
    String text = ValueText.text(value);
    if (value.valueType() == ConfigValueType.NUMBER && !text.equals("0")) {
      addError(key, text + " has no unit; add ms, s, m, h or d, as in " + text + "s");
      return least;
    }
    try {
      Duration time = value.atKey("value").getDuration("value");
      if (time.compareTo(least) >= 0 && time.compareTo(most) <= 0) {
        return time;
      }
      addError(
          key,
          "%s is out of range; write %s to %s"
              .formatted(text, ValueText.time(least), ValueText.time(most)));
    } catch (ConfigException | ArithmeticException e) {
      addError(key, text + " is not a time; write a number with ms, s, m, h or d, as in 60s");
    }
    return least;
  }

  long bytes(String key) {
    Optional<ConfigValue> value = find(key);
    try {
      long bytes = value.isPresent() ? value.get().atKey("value").getBytes("value") : 0;
      if (bytes >= 0) {
        return bytes;
      }
    } catch (ConfigException e) {
      // The message below explains it.
    }
    addError(
        key,
        value.map(ValueText::text).orElse("") + " is not a size; write for example 512MiB or 1GiB");
    return 0;
  }

  /** One of an enum's constants, which are written in lower case. */
  <E extends Enum<E>> E choice(String key, Class<E> type) {
    E[] constants = type.getEnumConstants();
    String text = text(key);
    List<String> names = new ArrayList<>();
    for (E constant : constants) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(text)) {
        return constant;
      }
      names.add(name);
    }
    addError(key, "\"" + text + "\" is not known; write " + alternatives(names));
    return constants[0];
  }

  private static String alternatives(List<String> names) {
    int last = names.size() - 1;
    return String.join(", ", names.subList(0, last)) + " or " + names.get(last);
  }

  /** One of an enum's constants; the fallback when the key is missing. */
  <E extends Enum<E>> E choice(String key, Class<E> type, E fallback) {
    return has(key) ? choice(key, type) : fallback;
  }

  boolean flag(String key, boolean fallback) {
    return find(key).map(value -> flag(key, value)).orElse(fallback);
  }

  private boolean flag(String key, ConfigValue value) {
    if (value.unwrapped() instanceof Boolean flag) {
      return flag;
    }
    addError(key, ValueText.text(value) + " is not known; write true or false");
    return false;
  }

  /** An object inside this object; empty when it is missing or wrong. */
  Optional<SettingsSection> section(String key) {
    return find(key).flatMap(value -> subsection(key, value));
  }

  /** The objects of a list; none when it is missing. */
  List<SettingsSection> sections(String key) {
    List<SettingsSection> result = new ArrayList<>();
    int index = 0;
    for (ConfigValue value : find(key).flatMap(found -> list(key, found)).orElse(noValues())) {
      subsection(key + "[" + index++ + "]", value).ifPresent(result::add);
    }
    return result;
  }

  private static ConfigList noValues() {
    return ConfigValueFactory.fromIterable(List.of());
  }

  private Optional<ConfigList> list(String key, ConfigValue value) {
    if (value instanceof ConfigList list) {
      return Optional.of(list);
    }
    addError(key, "is " + ValueText.kind(value) + "; write a list: [ … ]");
    return Optional.empty();
  }

  private Optional<SettingsSection> subsection(String key, ConfigValue value) {
    if (value instanceof ConfigObject inner) {
      return Optional.of(new SettingsSection(inner, file, path(key), errors));
    }
    errors.add(
        SettingsError.at(
            value.origin(), file, path(key), "is " + ValueText.kind(value) + "; write { … }"));
    return Optional.empty();
  }

  /** Adds an error for every key that was not read; to be called last. */
  void rejectUnknownKeys() {
    for (String key : object.keySet()) {
      if (!known.contains(key)) {
        addError(key, "is not a setting; " + SpellingSuggestion.of(key, known));
      }
    }
  }

  /** Parses a text with a parser whose {@link IllegalArgumentException} says what is wrong. */
  <T> Optional<T> parsed(String key, String text, Function<String, T> parser) {
    try {
      return Optional.of(parser.apply(text));
    } catch (IllegalArgumentException e) {
      addError(key, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }
}
