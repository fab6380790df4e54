package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import java.util.function.Supplier;

/** Questions to an engine or a capsule that may not answer: its message is all there is to say. */
final class Answered {
  private Answered() {}

  static <T> T by(Supplier<T> question) {
    try {
      return question.get();
    } catch (EngineException | CapsuleException | DataException e) {
      throw new Refusal(Words.of(e), e);
    }
  }

  static void by(Runnable question) {
    boolean _ =
        by(() -> {
          question.run();
          return true;
        });
  }
}
