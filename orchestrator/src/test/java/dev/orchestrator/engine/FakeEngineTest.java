package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.testing.EngineCallHook;
import dev.orchestrator.testing.FakeBehaviour;
import dev.orchestrator.testing.FakeEngine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class FakeEngineTest extends EngineContract {
  private final FakeEngine engine = new FakeEngine(new FewScripts());

  FakeEngineTest() {
    engine.addImage("busy:1", Map.of("kept", "yes"));
  }

  @Override
  Engine engine() {
    return engine;
  }

  @Override
  String image() {
    return "busy:1";
  }

  @Override
  void runByHand(String container) {
    engine.runByHand(container);
  }

  @Test
  void theHookSeesCallsAndMayBreakThem() {
    List<String> seen = new ArrayList<>();
    engine.hook(
        new EngineCallHook() {
          @Override
          public void before(String op, String name) {
            seen.add("before " + op + " " + name);
            if (name.equals("bad")) {
              throw new EngineException(EngineException.Kind.UNREACHABLE, "gone");
            }
          }

          @Override
          public void after(String op, String name) {
            if (op.equals("createVolume")) {
              throw new EngineException(EngineException.Kind.UNREACHABLE, "died after it");
            }
          }
        });
    assertThrows(EngineException.class, () -> engine.createVolume("bad", labels));
    assertEquals(List.of("before createVolume bad"), seen);
    assertThrows(EngineException.class, () -> engine.createVolume("good", labels));
    engine.hook(EngineCallHook.NONE);
    assertEquals(Optional.empty(), engine.volume("bad"));
    assertEquals(labels, engine.volume("good").orElseThrow().labels());
  }

  @Test
  void volumesHaveContent() {
    engine.createVolume("v", labels);
    engine.content("v").put("a/b", "text");
    assertEquals(Map.of("a/b", "text"), engine.content("v"));
  }

  /** A behaviour that runs the contract's scripts. */
  private static final class FewScripts implements FakeBehaviour {
    @Override
    public OptionalInt run(FakeEngine engine, ContainerSpec spec, Consumer<String> line) {
      String script = spec.command().getLast();
      if (script.equals(RUNS_ON)) {
        return OptionalInt.empty();
      }
      return OptionalInt.of(echo(script, line).exitCode());
    }

    @Override
    public ExecResult exec(
        FakeEngine engine, ContainerSpec spec, List<String> command, Consumer<String> line)
        throws InterruptedException {
      if (command.getLast().startsWith("sleep")) {
        new CountDownLatch(1).await();
      }
      return echo(command.getLast(), line);
    }

    @Override
    public ExecResult execInput(
        FakeEngine engine,
        ContainerSpec spec,
        List<String> command,
        InputStream in,
        Consumer<String> line)
        throws IOException {
      String read = new String(in.readNBytes(8), StandardCharsets.UTF_8);
      line.accept(read);
      return new ExecResult(3, read, "");
    }

    private static ExecResult echo(String script, Consumer<String> line) {
      StringBuilder out = new StringBuilder();
      StringBuilder err = new StringBuilder();
      int code = 0;
      for (String command : List.of(script.split("; ", -1))) {
        String argument = command.substring(5);
        if (command.startsWith("exit ")) {
          code = Integer.parseInt(argument);
        } else if (argument.endsWith(" >&2")) {
          err.append(argument, 0, argument.length() - 4).append('\n');
        } else {
          out.append(argument).append('\n');
          line.accept(argument);
        }
      }
      return new ExecResult(code, out.toString(), err.toString());
    }
  }
}
