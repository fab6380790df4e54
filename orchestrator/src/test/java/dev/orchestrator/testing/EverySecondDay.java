package dev.orchestrator.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * On a class whose tests take minutes: half of them run each day, the others on the next day; all
 * with {@code scripts/test --matrix}. A single test that is asked for by its name runs, too.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(EverySecondDay.Today.class)
public @interface EverySecondDay {

  /** Lets the tests of today run. */
  final class Today implements ExecutionCondition {
    private final long seed =
        Long.getLong("matrix.seed", LocalDate.now(ZoneOffset.UTC).toEpochDay());

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      boolean all =
          "all".equals(System.getProperty("matrix"))
              || System.getProperty("test", "")
                  .contains(context.getRequiredTestClass().getSimpleName());
      return all || context.getTestMethod().map(this::isDue).orElse(true)
          ? ConditionEvaluationResult.enabled("today")
          : ConditionEvaluationResult.disabled("not today: -Dmatrix=all runs all");
    }

    /** By its place among the tests of its class: each day has half of them. */
    private boolean isDue(Method test) {
      List<String> names =
          Arrays.stream(test.getDeclaringClass().getDeclaredMethods())
              .filter(method -> method.isAnnotationPresent(Test.class))
              .map(Method::getName)
              .sorted()
              .toList();
      return Math.floorMod(names.indexOf(test.getName()) + seed, 2) == 0;
    }
  }
}
