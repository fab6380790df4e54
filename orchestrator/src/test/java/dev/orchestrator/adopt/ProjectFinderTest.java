package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which projects the labels of containers tell. */
final class ProjectFinderTest {
  @TempDir Path dir;

  @Test
  void containersOfOneProjectAreOneWithItsFilesAndState() {
    List<Project> found =
        ProjectFinder.of(
            List.of(
                ContainerFixture.of("shop", "web")
                    .label(ComposeLabels.FOLDER, "/srv/shop")
                    .label(ComposeLabels.FILES, "/srv/shop/compose.yaml,/srv/shop/prod.yaml")
                    .label(ComposeLabels.ENV_FILES, "/srv/shop/.env.prod")
                    .make(),
                ContainerFixture.of("shop", "db")
                    .state("exited")
                    .raw("{\"State\":{\"ExitCode\":1}}")
                    .make(),
                ContainerFixture.of("shop", "job").label(ComposeLabels.ONE_OFF, "True").make(),
                ContainerFixture.of("blog", "app").state("exited").make()));
    assertEquals(List.of("blog", "shop"), found.stream().map(Project::name).toList());
    Project shop = found.getLast();
    assertEquals(Path.of("/srv/shop"), shop.folder());
    assertEquals(
        List.of(Path.of("/srv/shop/compose.yaml"), Path.of("/srv/shop/prod.yaml")), shop.files());
    assertEquals(List.of(Path.of("/srv/shop/.env.prod")), shop.envFiles());
    assertEquals(List.of("db", "web"), shop.services());
    assertEquals(Project.State.PARTLY, shop.state());
    assertEquals(Project.State.STOPPED, found.getFirst().state());
    assertNull(found.getFirst().folder());
    assertEquals(
        List.of(
            new ProjectSummary("blog", "", List.of(), List.of("app"), "stopped", ""),
            new ProjectSummary(
                "shop",
                "/srv/shop",
                List.of("/srv/shop/compose.yaml", "/srv/shop/prod.yaml"),
                List.of("db", "web"),
                "partly running",
                "")),
        found.stream().map(Project::summary).toList());
  }

  @Test
  void aMigrationThatHasEndedWellIsNoStoppedService() {
    Project shop =
        ProjectFinder.of(
                List.of(
                    ContainerFixture.of("shop", "web").make(),
                    ContainerFixture.of("shop", "once")
                        .state("exited")
                        .raw("{\"State\":{\"ExitCode\":1}}")
                        .make()))
            .getFirst();
    assertEquals(Project.State.PARTLY, shop.state());
  }

  /** Compose's version 1 names its files relative to the folder. */
  @Test
  void relativeFilesAreThoseOfTheFolder() {
    Project shop =
        ProjectFinder.of(
                List.of(
                    ContainerFixture.of("shop", "web")
                        .label(ComposeLabels.FOLDER, "/srv/shop")
                        .label(ComposeLabels.FILES, "docker-compose.yml")
                        .make()))
            .getFirst();
    assertEquals(List.of(Path.of("/srv/shop/docker-compose.yml")), shop.files());
  }

  @Test
  void aContainerOfOursMarksItsProject() {
    Project shop =
        ProjectFinder.of(
                List.of(
                    ContainerFixture.of("shop", "web")
                        .label(Labels.OURS, "1")
                        .label(Labels.HOME, "0a1b2c3d")
                        .label(Labels.STACK, "store")
                        .make()))
            .getFirst();
    assertEquals("store", shop.ours());
    Project other =
        ProjectFinder.of(List.of(ContainerFixture.of("shop", "web").label(Labels.OURS, "1").make()))
            .getFirst();
    assertEquals("", other.ours(), "an image that we built gives its containers its labels");
  }

  @Test
  void aFolderIsAProjectWithTheFilesThatComposeTakes() throws IOException {
    Path shop = Files.createDirectory(dir.resolve("My Shop"));
    assertThrows(RefusedException.class, () -> ProjectFinder.folder(shop, List.of()));
    Files.writeString(shop.resolve("docker-compose.yml"), "services: {}");
    Files.writeString(shop.resolve("compose.yaml"), "services: {}");
    Files.writeString(shop.resolve("compose.override.yaml"), "services: {}");
    Project found = ProjectFinder.folder(shop, List.of());
    assertEquals("myshop", found.name());
    assertEquals(
        List.of(shop.resolve("compose.yaml"), shop.resolve("compose.override.yaml")),
        found.files());
    assertEquals(Project.State.NONE, found.state());
    Files.writeString(shop.resolve(".env"), "COMPOSE_FILE=docker-compose.yml\n");
    Files.writeString(shop.resolve("docker-compose.yml"), "name: store\nservices: {}");
    assertEquals("store", ProjectFinder.folder(shop, List.of()).name());
    assertEquals(
        List.of(shop.resolve("docker-compose.yml")), ProjectFinder.folder(shop, List.of()).files());
  }
}
