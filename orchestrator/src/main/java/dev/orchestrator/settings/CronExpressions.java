package dev.orchestrator.settings;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/** Checks a cron expression of five fields. */
final class CronExpressions {

  private static final ZonedDateTime SOME_DAY =
      ZonedDateTime.of(2026, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  private CronExpressions() {}

  /** Fails with {@link IllegalArgumentException}, its message for a person. */
  static String check(String text) {
    Cron cron;
    try {
      cron =
          new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
              .parse(text)
              .validate();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"%s\" is no cron expression (%s); write minute hour day month weekday, such as \"0 4 * * *\""
              .formatted(
                  text,
                  String.valueOf(e.getMessage())
                      .replaceFirst("^Failed to parse cron expression\\. ", "")
                      .replaceFirst("\\.$", "")),
          e);
    }
    if (ExecutionTime.forCron(cron).nextExecution(SOME_DAY).isEmpty()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" never comes; write a day that its month has");
    }
    return text;
  }
}
