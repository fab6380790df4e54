package dev.orchestrator.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which configuration counts, and what follows from it. */
final class ServiceLocationTest {
  @TempDir Path folder;

  @Test
  void commandLineBeforeEnvironmentBeforeInstallation() throws IOException {
    Path named = write("named.conf", "home = /n\n");
    Path environment = write("environment.conf", "home = /e\n");
    Path installed = write("config/orchestrator.conf", "home = ../state\n");
    Map<String, String> variables = Map.of("ORCHESTRATOR_CONFIG", environment.toString());
    assertEquals(Path.of("/n"), ServiceLocation.find(named, null, variables, folder).home());
    assertEquals(Path.of("/e"), ServiceLocation.find(null, null, variables, folder).home());
    ServiceLocation usual = ServiceLocation.find(null, null, Map.of(), folder);
    assertEquals(installed, usual.config());
    assertEquals(folder.resolve("state"), usual.home());
  }

  @Test
  void homeOfTheCommandLineWins() throws IOException {
    Path named = write("named.conf", "home = /n\napi.listen = \"127.0.0.1:7171\"\n");
    ServiceLocation location = ServiceLocation.find(named, Path.of("/mine"), Map.of(), null);
    assertEquals(Path.of("/mine"), location.home());
    assertEquals("127.0.0.1:7171", location.configured());
  }

  @Test
  void homeIsWhereTheServicesSettingsHaveIt() throws IOException {
    Path named = write("named.conf", "stack = demo\n");
    Map<String, String> variables = Map.of("ORCHESTRATOR_HOME", "/v", "HOME", "/h");
    assertEquals(Path.of("/v"), ServiceLocation.find(named, null, variables, null).home());
    Path inHome = write("home.conf", "home = \"~/state\"\n");
    assertEquals(
        Path.of("/h/state"), ServiceLocation.find(inHome, null, Map.of("HOME", "/h"), null).home());
  }

  @Test
  void theStackIsNamedOrThatOfTheWorkingDirectory() throws IOException {
    Path conf = write("orchestrator.conf", "stacks-folder = mine\n");
    Path inside = Files.createDirectories(folder.resolve("mine/shop/releases/v1"));
    Files.writeString(folder.resolve("mine/shop/stack.conf"), "");
    Files.createDirectories(folder.resolve("mine/notes"));
    ServiceLocation location = ServiceLocation.find(conf, null, Map.of(), null);
    Map<String, String> variables = Map.of("ORCHESTRATOR_STACK", "blog");
    assertEquals("wiki", location.forStack("wiki", variables, inside).stack());
    assertEquals("blog", location.forStack(null, variables, inside).stack());
    assertEquals("shop", location.forStack(null, Map.of(), inside).stack());
    for (Path outside : List.of(folder, folder.resolve("mine"), folder.resolve("mine/notes"))) {
      assertNull(location.forStack(null, Map.of(), outside).stack(), outside.toString());
    }
  }

  @Test
  void fileThatWasNamedMustBeThere() {
    Map<String, String> variables = Map.of("ORCHESTRATOR_CONFIG", "/nowhere.conf");
    RefusedException refusal =
        assertThrows(
            RefusedException.class, () -> ServiceLocation.find(null, null, variables, folder));
    assertEquals("$ORCHESTRATOR_CONFIG: there is no file /nowhere.conf", refusal.getMessage());
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(folder.resolve("config"));
    return Files.writeString(file, text);
  }
}
