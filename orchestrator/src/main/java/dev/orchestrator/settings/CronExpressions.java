package dev.orchestrator.settings;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/** Checks cron expressions of five fields. */
final class CronExpressions {

  /** Any day: an expression that has no next time after it never has one. */
  private static final ZonedDateTime ANY_DAY =
      ZonedDateTime.of(2026, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  private CronExpressions() {}

  /**
   * Returns the text when it is an expression.
   *
   * @throws IllegalArgumentException with a message for a person when it isn't
   */
  static String check(String text) {
    Cron cron;
    try {
      cron =
          new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
              .parse(text)
              .validate();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"%s\" is not a cron expression (%s); write minute hour day month weekday, such as \"0 4 * * *\""
              .formatted(
                  text,
                  String.valueOf(e.getMessage())
                      .replaceFirst("^Failed to parse cron expression\\. ", "")
                      .replaceFirst("\\.$", "")),
          e);
    }
    if (ExecutionTime.forCron(cron).nextExecution(ANY_DAY).isEmpty()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" never comes; write a day that the month has");
    }
    return text;
  }
}
