package dev.orchestrator.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * On a class whose tests take minutes: a part of them runs each day, so that each has run after
 * that many days; all with {@code scripts/test --matrix}. A class that is asked for by its name
 * runs whole.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Rotates.Today.class)
public @interface Rotates {

  /** After how many days each test has run. */
  int days() default 3;

  /** Lets the tests of today run. */
  final class Today implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      boolean asked =
          System.getProperty("test", "").contains(context.getRequiredTestClass().getSimpleName());
      return Rotation.isWhole() || asked || context.getTestMethod().map(Today::isDue).orElse(true)
          ? ConditionEvaluationResult.enabled("today")
          : ConditionEvaluationResult.disabled("not today: -Dmatrix=all runs all");
    }

    /**
     * By its place among the tests of its class, and by the class's name: not all classes with a
     * single test on the same day.
     */
    private static boolean isDue(Method test) {
      Class<?> tests = test.getDeclaringClass();
      List<String> names =
          Arrays.stream(tests.getDeclaredMethods())
              .filter(method -> AnnotationSupport.isAnnotated(method, Testable.class))
              .map(Method::getName)
              .sorted()
              .toList();
      long turn = names.indexOf(test.getName()) + tests.getSimpleName().hashCode() + Rotation.day();
      return Math.floorMod(
              turn, Optional.ofNullable(tests.getAnnotation(Rotates.class)).orElseThrow().days())
          == 0;
    }
  }
}
