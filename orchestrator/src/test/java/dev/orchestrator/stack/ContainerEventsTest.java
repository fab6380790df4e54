package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.testing.EngineCallHook;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is told of an engine's containers, and what becomes of it when the engine goes away. */
class ContainerEventsTest {
  private static final Map<String, String> STACK = Map.of("stack", "shop");

  private final FakeEngine engine = new FakeEngine(FakeBehaviour.QUIET);
  private final ContainerEvents events = new ContainerEvents(engine, STACK, () -> {});

  private void start(String name, Map<String, String> labels) {
    engine.addImage("image", Map.of());
    engine.createContainer(ContainerSpec.helper(name, "image", List.of("x"), labels, List.of()));
    engine.startContainer(name);
  }

  @Test
  void whatHappensToAContainerOfTheStackIsToldOnce() {
    events.ensureOpen();
    assertTrue(events.takeTold(), "something may have happened before");
    assertFalse(events.takeTold());
    start("other", Map.of("stack", "blog"));
    assertFalse(events.takeTold());
    start("ours", STACK);
    engine.exit("ours", 1);
    assertTrue(events.takeTold());
    assertFalse(events.takeTold(), "one look is enough for both");
  }

  @Test
  void aCommandThatSomebodyRunsIsToldAsSuch() {
    start("ours", STACK);
    events.ensureOpen();
    assertTrue(events.takeTold());
    assertFalse(events.takeCommands());
    engine.runByHand("ours");
    assertTrue(events.takeTold());
    assertTrue(events.takeCommands());
    assertFalse(events.takeCommands());
  }

  @Test
  void anEngineThatGoesAwayIsAskedAgain() {
    events.ensureOpen();
    assertTrue(events.takeTold());
    engine.endWatches();
    assertFalse(events.areTold());
    assertTrue(events.takeTold(), "what the containers do now is not told");
    int[] tries = {0};
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            if (++tries[0] == 1) {
              throw new EngineException(EngineException.Kind.UNREACHABLE, "no engine answers");
            }
          }
        });
    events.ensureOpen();
    assertFalse(events.areTold());
    events.ensureOpen();
    events.ensureOpen();
    assertTrue(events.areTold());
    assertEquals(2, tries[0]);
  }

  @Test
  void aCloseIsForGood() {
    events.ensureOpen();
    events.close();
    assertFalse(events.areTold());
    events.ensureOpen();
    assertFalse(events.areTold());
  }
}
