package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.settings.ServiceSettings.LimitSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.testing.ConfigFolderFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The settings of a service with several stacks. */
class ServiceSettingsTest {
  @TempDir Path folder;
  private ConfigFolderFixture config;

  @BeforeEach
  void write() throws IOException {
    config = ConfigFolderFixture.in(folder, "home = state", route(8081));
    stack("shop", route(8082));
  }

  private static String route(int port) {
    return "routes = [ { name = web, listen = \"127.0.0.1:%d\", service = web, port = 80 } ]\n"
        .formatted(port);
  }

  private void stack(String name, String text) throws IOException {
    Files.createDirectories(folder.resolve("stacks").resolve(name));
    Files.writeString(folder.resolve("stacks").resolve(name).resolve("stack.conf"), text);
  }

  private ServiceSettings load() {
    return load(Map.of());
  }

  private ServiceSettings load(Map<String, String> used) {
    return SettingsLoader.loadAll(config.conf(), Map.of(), used);
  }

  private StackEntry entry(ServiceSettings settings, String name) {
    return settings.stacks().stream()
        .filter(entry -> entry.folder().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private String error(StackEntry entry) {
    return entry.error().replace(folder + "/", "");
  }

  @Test
  void everyFolderWithAStackConfIsAStackWithAStateOfItsOwn() throws IOException {
    Files.createDirectories(folder.resolve("stacks/notes"));
    ServiceSettings settings = load();
    assertEquals(
        List.of("demo", "shop"), settings.stacks().stream().map(StackEntry::folder).toList());
    assertEquals(LimitSettings.DEFAULT, settings.limits());
    Settings shop = entry(settings, "shop").settings();
    assertNotNull(shop);
    assertEquals(folder.resolve("state/state/shop/journal.db"), shop.journal());
    assertEquals(folder.resolve("state"), shop.home());
  }

  @Test
  void aStackHasAScheduleOfItsOwn() throws IOException {
    Files.writeString(config.conf(), "home = state\nschedule.upgrade = \"0 4 * * *\"");
    stack("shop", "schedule { upgrade = \"30 5 * * 0\", zone = UTC }\n");
    ServiceSettings settings = load();
    Settings demo = entry(settings, "demo").settings();
    Settings shop = entry(settings, "shop").settings();
    assertNotNull(demo);
    assertNotNull(shop);
    assertEquals("0 4 * * *", demo.schedule().upgrade());
    assertEquals("30 5 * * 0", shop.schedule().upgrade());
  }

  @Test
  void aWrongStackHasItsErrorsAndTheOthersAreThere() throws IOException {
    stack("shop", "routse = []\n");
    ServiceSettings settings = load();
    assertNotNull(entry(settings, "demo").settings());
    assertEquals("", entry(settings, "demo").error());
    assertNull(entry(settings, "shop").settings());
    assertTrue(
        error(entry(settings, "shop")).startsWith("stacks/shop/stack.conf:1: routse: "),
        error(entry(settings, "shop")));
  }

  @Test
  void whatIsWrongWithTheServiceItselfIsRefused() throws IOException {
    Files.writeString(config.conf(), "home = state\nlimits.builds = 0\n");
    InvalidSettingsException refused = assertThrows(InvalidSettingsException.class, () -> load());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("orchestrator.conf:2: limits.builds: "),
        refused.getMessage());
  }

  @Test
  void twoStacksCannotHaveOnePort() throws IOException {
    ServiceSettings before = load();
    stack("shop", route(8081));
    assertEquals(
        "stacks/shop/stack.conf:1: routes[0].listen: port 8081 is taken by route \"web\" of stack"
            + " demo; write another port",
        error(entry(load(), "shop")).replace("routes[1]", "routes[0]"));
    stack("demo", route(8082));
    stack("shop", route(8082));
    StackEntry demo =
        entry(load(Map.of("demo", "", "shop", entry(before, "shop").source())), "demo");
    assertTrue(error(demo).contains("of stack shop"), "the stack that has not changed keeps it");
  }

  @Test
  void twoStacksCannotHaveOneName() throws IOException {
    stack("shop", "name = demo\n");
    assertTrue(
        error(entry(load(), "shop")).contains("name: \"demo\" is the name of the stack in "),
        error(entry(load(), "shop")));
  }

  @Test
  void aWrongStackHasWhatItWasBefore() throws IOException {
    Path conf = folder.resolve("stacks/shop/stack.conf");
    SettingsLoader.remember(folder.resolve("state"), entry(load(), "shop"));
    Files.writeString(conf, "routes = 7\n");
    StackEntry shop = entry(load(), "shop");
    assertTrue(error(shop).startsWith("stacks/shop/stack.conf:1: routes: "), error(shop));
    Settings before = shop.settings();
    assertNotNull(before);
    assertEquals(8082, before.stack().routes().getFirst().listen().first());
    assertEquals(folder.resolve("stacks/shop"), before.stack().folder());
  }

  @Test
  void theSourceTellsWhetherSettingsHaveChanged() throws IOException {
    String before = entry(load(), "shop").source();
    assertEquals(before, entry(load(), "shop").source());
    Files.writeString(config.conf(), "home = state\nupgrade.bake = 7s\n");
    assertNotEquals(before, entry(load(), "shop").source(), "a default of it has changed");
  }

  @Test
  void theKeyStackRunsOneStackAlone() throws IOException {
    Files.writeString(config.conf(), "home = state\nstack = shop\n");
    assertEquals(List.of("shop"), load().stacks().stream().map(StackEntry::folder).toList());
  }

  @Test
  void withoutAnyStackTheServiceHasNone() throws IOException {
    Files.delete(folder.resolve("stacks/shop/stack.conf"));
    Files.delete(folder.resolve("stacks/demo/stack.conf"));
    assertEquals(List.of(), load().stacks());
  }
}
