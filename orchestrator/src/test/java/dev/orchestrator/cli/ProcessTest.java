package dev.orchestrator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Main;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.home.PidFile;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only whole processes show: start, stop, locks, signals, loaded classes. */
@Timeout(90)
final class ProcessTest {
  @TempDir Path folder;
  private CommandRunner commands;

  @BeforeEach
  void configure() throws IOException {
    commands = new CommandRunner(folder);
  }

  @AfterEach
  void stopService() throws Exception {
    assertEquals(0, commands.run("serve", "--stop").exitCode());
  }

  @Test
  void detachedServiceLivesUntilItIsStopped() throws Exception {
    Ended started = run(FakeMain.class, List.of(), "serve", "--detach");
    assertEquals(0, started.exitCode(), started.text());
    assertTrue(started.text().startsWith("serving: API on 127.0.0.1:"), started.text());
    assertEquals(0, commands.run("versions").exitCode());

    for (String mode : List.of("serve --detach", "serve")) {
      Result second = commands.run(mode.split(" ", -1));
      assertEquals(ExitCode.REFUSED, second.exitCode());
      assertEquals(1, second.err().lines().count(), second.err());
      assertTrue(second.err().contains("a service runs already on"), second.err());
    }
    assertTrue(Files.readString(commands.home.resolve("orchestrator.log")).contains("\tat "));
    assertFalse(Files.readString(commands.home.resolve("orchestrator.out")).contains("\tat "));

    Result stopped = commands.run("serve", "--stop");
    assertTrue(stopped.out().startsWith("stopped the service"), stopped.out());
    assertFalse(Files.exists(commands.home.resolve("api")));
    assertFalse(Files.exists(commands.home.resolve("pid")));
    assertEquals(ExitCode.UNREACHABLE, commands.run("versions").exitCode());
  }

  @Test
  void aHangUpReadsTheSettingsAgainAndTheServiceGoesOn() throws Exception {
    assertEquals(0, run(FakeMain.class, List.of(), "serve", "--detach").exitCode());
    long pid = PidFile.read(new HomeFiles(commands.home)).orElseThrow().pid();
    assertEquals(0, new ProcessBuilder("kill", "-HUP", "" + pid).start().waitFor());
    Path log = commands.home.resolve("orchestrator.log");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!Files.readString(log).contains("reloaded")) {
      assertTrue(System.nanoTime() < end, () -> "not reloaded");
      Thread.onSpinWait();
    }
    assertEquals(0, commands.run("versions").exitCode());
  }

  @Test
  void serviceThatCannotStartPassesItsLineOn() throws Exception {
    Files.writeString(commands.config, "home = home\nrefuse-me = 1\n");
    Result started = commands.run("serve", "--detach");
    assertEquals(ExitCode.REFUSED, started.exitCode());
    assertEquals("error: orchestrator.conf:3: refuse-me: unknown key\n", started.err());
  }

  @Test
  void killedServiceLeavesNothingThatIsInTheWay() throws Exception {
    assertEquals(0, commands.run("serve", "--detach").exitCode());
    ProcessHandle service =
        ProcessHandle.of(PidFile.read(new HomeFiles(commands.home)).orElseThrow().pid())
            .orElseThrow();
    assertTrue(service.destroyForcibly());
    service.onExit().get(20, TimeUnit.SECONDS);
    assertEquals(
        "no service runs on " + commands.home + "\n", commands.run("serve", "--stop").out());
    assertEquals(0, commands.run("serve", "--detach").exitCode());
  }

  @Test
  void interruptedWatchLeavesTheRunAlone() throws Exception {
    assertEquals(0, commands.run("serve", "--detach").exitCode());
    Process watch = start(FakeMain.class, List.of("-Dorchestrator.terminal=true"), "watch", "u7");
    BufferedReader output =
        new BufferedReader(new InputStreamReader(watch.getInputStream(), UTF_8));
    StringBuilder text = new StringBuilder();
    while (!text.toString().contains("prepare")) {
      text.append((char) output.read());
    }
    assertEquals(0, new ProcessBuilder("kill", "-INT", "" + watch.pid()).start().waitFor());
    String rest = String.join("\n", output.readAllLines());
    assertEquals(130, watch.waitFor());
    assertTrue(rest.contains("detached: u7 goes on"), rest);
    assertEquals(0, commands.run("status").exitCode());
  }

  @Test
  void clientCommandsLoadNothingOfTheService() throws Exception {
    assertEquals(0, commands.run("serve", "--detach").exitCode());
    for (String command : List.of("status", "versions", "show u7", "upgrade v2 --plan")) {
      assertLoadsNothingOfTheService(ExitCode.DONE, command);
    }
  }

  @Test
  void clientCommandsLoadNothingOfTheServiceWhenNoneRuns() throws Exception {
    for (String command : List.of("status", "versions", "drill v2")) {
      assertLoadsNothingOfTheService(ExitCode.UNREACHABLE, command);
    }
    assertLoadsNothingOfTheService(ExitCode.DONE, "--help");
    assertLoadsNothingOfTheService(ExitCode.DONE, "serve --stop");
  }

  private void assertLoadsNothingOfTheService(int exitCode, String command) throws Exception {
    Ended ended = run(Main.class, List.of("-Xlog:class+load"), command.split(" ", -1));
    assertEquals(exitCode, ended.exitCode(), command);
    List<String> loaded =
        ended.text().lines().filter(line -> line.contains("[class,load]")).toList();
    assertTrue(loaded.stream().anyMatch(line -> line.contains(RootCommand.class.getName())));
    for (String foreign :
        List.of("io.vertx", "io.netty", "ch.qos.logback", "org.sqlite", "com.github.dockerjava")) {
      assertEquals(
          List.of(), loaded.stream().filter(line -> line.contains(foreign)).toList(), command);
    }
  }

  private record Ended(int exitCode, String text) {}

  private Ended run(Class<?> main, List<String> options, String... arguments) throws Exception {
    Process process = start(main, options, arguments);
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), text);
  }

  private Process start(Class<?> main, List<String> options, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--config", commands.config.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("TERM", "xterm");
    return builder.start();
  }
}
