package dev.orchestrator.capsule.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.CapsuleStack;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.ComposeReader;
import dev.orchestrator.compose.ComposeTransform;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.HomeFolder;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The portable library, as far as it can be checked without a registry: Compose accepts it, every
 * service has a route, a probe and a health check, and nothing of value lies outside the data.
 */
@Tag("engine")
class PortableLibraryEngineTest {
  private static final Path CONFIG = Path.of("../config").toAbsolutePath().normalize();

  @TempDir Path home;

  @Test
  void composeAcceptsTheLibraryAndItsDataIsCarried() throws Exception {
    Path conf =
        Files.writeString(
            home.resolve("orchestrator.conf"),
            "stack = portable-library\nstacks-folder = \"%s\"\nimage.folder = \"%s\"\n"
                .formatted(CONFIG.resolve("stacks"), CONFIG.resolve("image")));
    Settings settings = SettingsLoader.load(conf, Map.of(HomeFolder.VARIABLE, home.toString()));
    Releases releases = new Releases(settings.stack());
    assertEquals(List.of("2026.07", "2026.11"), releases.versions());
    try (Engine engine = DockerEngine.connect("", Duration.ofSeconds(30))) {
      ImageBuilder builder = new ImageBuilder(engine, settings, Map.of(), InstantSource.system());
      BuildContainers helpers = new BuildContainers(engine, "portable-library", Map.of());
      for (String version : releases.versions()) {
        builder.check(version);
        ComposeModel model =
            new ComposeReader(engine, helpers, settings.stack())
                .read(releases.release(version), builder.base(line -> {}));
        look(settings, model);
      }
    }
  }

  private static void look(Settings settings, ComposeModel model) {
    Set<String> services = model.services().keySet();
    assertEquals(
        Set.of("audiobookshelf", "booklore", "mariadb", "qbittorrent", "shelfmark"), services);
    assertEquals(
        services,
        settings.stack().routes().stream().map(r -> r.service()).collect(Collectors.toSet()));
    assertEquals(
        services,
        settings.stack().probes().stream().map(p -> p.service()).collect(Collectors.toSet()));
    assertEquals(
        Set.of(13378, 6060, 8080, 3306, 8084),
        settings.stack().routes().stream().map(r -> r.port()).collect(Collectors.toSet()));
    model
        .services()
        .forEach((name, service) -> {
          assertTrue(service.has("healthcheck"), name + " has a health check");
          assertTrue(service.path("image").asText().contains("/"), name + " names its registry");
          assertTrue(!service.path("image").asText().endsWith(":latest"), name + " is pinned");
        });
    CapsuleStack made = new ComposeTransform(settings.stack()).apply(model, Map.of());
    assertTrue(made.dirs().contains("/data/binds/media/audiobooks"), made.dirs().toString());
    assertTrue(made.dirs().contains("/data/volumes/mariadb"), made.dirs().toString());
  }
}
