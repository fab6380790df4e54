package dev.orchestrator.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every way to start a service starts it with the same options of the JVM. */
final class ServeProcessTest {
  private static final Path CONFIG = Path.of("/etc/orchestrator.conf");
  private static final Path HOME = Path.of("/var/lib/orchestrator");

  @Test
  void theLauncherHasTheOptionsOfTheProgram() throws Exception {
    Process bash =
        new ProcessBuilder(
                "bash", "-c", ". ../scripts/lib/common.sh; printf '%s\\n' \"${serve_options[@]}\"")
            .redirectErrorStream(true)
            .start();
    String answer = new String(bash.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, bash.waitFor(), answer);
    assertEquals(ServeProcess.jvmOptions(), answer.lines().toList());
  }

  @Test
  void withoutALauncherTheProgramIsStartedWithThem() {
    List<String> command = ServeProcess.command("", "Main", CONFIG, HOME);
    assertEquals("setsid", command.getFirst());
    assertTrue(command.contains("-Xmx512m"), command.toString());
    assertTrue(command.contains("-XX:+ExitOnOutOfMemoryError"), command.toString());
    assertTrue(command.containsAll(ServeProcess.jvmOptions()), command.toString());
    assertEquals(
        List.of("Main", "serve", "--config", CONFIG.toString(), "--home", HOME.toString()),
        command.subList(command.size() - 6, command.size()));
  }

  @Test
  void withALauncherItIsTheLauncherThatStartsIt() {
    String launcher = "/opt/orchestrator/scripts/orchestrator";
    assertEquals(
        List.of(
            "setsid",
            "env",
            "ORCHESTRATOR_DETACHED=true",
            launcher,
            "serve",
            "--config",
            CONFIG.toString(),
            "--home",
            HOME.toString()),
        ServeProcess.command(launcher, "Main", CONFIG, HOME));
  }
}
