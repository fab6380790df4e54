package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.ComposeSettings;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Compose reads of a release: which files, which variables, which services. */
@Tag("engine")
final class ComposeReaderEngineTest {
  private static final Map<String, String> OWNER =
      Map.of(Labels.HOME, "test-" + UUID.randomUUID().toString().substring(0, 8));

  @TempDir Path directory;
  private LightStackFixture light;
  private Engine engine;
  private String base = "";
  private Path release = Path.of("");
  private ComposeSettings settings = ComposeSettings.DEFAULT;

  @BeforeEach
  void connect() throws IOException {
    light = LightStackFixture.in(directory, "read");
    engine = DockerEngine.connect("", Duration.ofSeconds(60));
    base =
        new ImageBuilder(engine, light.settings(8080), OWNER, InstantSource.system())
            .base(line -> {});
    release = Files.createDirectories(light.folder().resolve("releases/v9"));
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), engine.containers(OWNER));
    engine.close();
  }

  @Test
  void nothingOfTheHelpersEnvironmentGetsIntoTheModel() throws IOException {
    file(
        "compose.yaml",
        """
        services:
          web:
            image: a:${TAG}
            command: ["echo", "$${HOME}"]
            environment: [HOSTNAME, 'H=${HOSTNAME}', 'P=x${PATH}', 'U=${USER:-nobody}']
            volumes: ['${PWD}/conf:/conf', './data:/data']
        """);
    CapsuleStack first = read();
    assertEquals(first.toString(), read().toString());
    assertEquals(
        "{\"H\":\"\",\"HOSTNAME\":null,\"P\":\"x\",\"U\":\"nobody\"}",
        first.compose().at("/services/web/environment").toString());
    assertEquals("/data/binds/conf", first.compose().at("/services/web/volumes/0/source").asText());
    assertTrue(
        first
            .warnings()
            .contains(
                "compose.yaml:3: variable TAG has no value, and is empty; plain Compose would take"
                    + " it from the shell: write TAG=… into releases/v9/.env, or env { TAG = … } in"
                    + " stack.conf"),
        first.warnings().toString());
    for (String name :
        List.of(
            "compose.yaml:5: variable HOSTNAME has no value",
            "variable PATH has no value",
            "compose.yaml:5: variable USER has its default here")) {
      assertTrue(first.warnings().toString().contains(name), first.warnings().toString());
    }
    assertTrue(
        first.warnings().toString().contains("service web: environment: HOSTNAME has no value"),
        first.warnings().toString());
  }

  @Test
  void theHomeFolderIsRefusedAllAtOnce() throws IOException {
    file(
        "compose.yaml",
        """
        services:
          web: {image: a, volumes: ['~/media:/media', '${HOME}/x:/x']}
        """);
    String said = refused();
    for (String line :
        List.of(
            "service web: volumes: ~/media is in the home folder of whoever runs plain Compose:"
                + " write env { HOME = \"/home/NAME\" } in stack.conf",
            "compose.yaml:2: ${HOME} is the home folder of whoever runs plain Compose")) {
      assertTrue(said.contains(line), said);
    }
  }

  /** A program that starts containers by the Docker socket, or a mount at its path of the host. */
  @Test
  void theReleasesFolderIsTheOneOfTheCapsuleWhereverItStands() throws IOException {
    file(
        "compose.yaml",
        """
        services:
          db:
            image: a
            command: ['backup', '${PWD}/dump']
            labels: {at: '${PWD}'}
            volumes: ['${PWD}/dump:${PWD}/dump']
        """);
    CapsuleStack stack = read();
    assertEquals(
        "[\"backup\",\"/data/binds/dump\"]", stack.compose().at("/services/db/command").toString());
    assertEquals("/data/binds", stack.compose().at("/services/db/labels/at").asText());
    assertEquals("/data/binds/dump", stack.compose().at("/services/db/volumes/0/source").asText());
    assertEquals("/data/binds/dump", stack.compose().at("/services/db/volumes/0/target").asText());
    for (String place : List.of("command", "labels.at", "volumes.target")) {
      assertTrue(
          stack
              .warnings()
              .contains(
                  "service db: %s: has the folder of the release in it (${PWD}), which is /data/binds in a capsule"
                      .formatted(place)),
          stack.warnings().toString());
    }
  }

  @Test
  void variablesOfStackConfTakeThePlaceOfTheShells() throws IOException {
    settings =
        new ComposeSettings(
            List.of(), Map.of("HOME", "/home/me", "TAG", "it's \"7\" $x", "COMPOSE_PROFILES", "b"));
    file(".env", "TAG=6\nOTHER=from .env\n");
    file(
        "compose.yaml",
        """
        services:
          web: {image: a, labels: {tag: '${TAG}', other: '${OTHER}', home: '${HOME}'}}
          a: {image: a, profiles: [a]}
          b: {image: a, profiles: [b]}
        """);
    CapsuleStack stack = read();
    assertEquals(
        "{\"home\":\"/home/me\",\"other\":\"from .env\",\"tag\":\"it's \\\"7\\\" $$x\"}",
        stack.compose().at("/services/web/labels").toString());
    assertEquals("[b, web]", names(stack));
  }

  @Test
  void profilesOfEnvFileBringServicesInAndOptionalDependenciesOnOthersAreDropped()
      throws IOException {
    file(".env", "COMPOSE_PROFILES=cache,extra\n");
    file(
        "compose.yaml",
        """
        services:
          web:
            image: a
            depends_on:
              cache: {condition: service_started, required: false}
              gpu: {condition: service_healthy, required: false}
          cache: {image: a, profiles: [cache]}
          gpu: {image: a, profiles: [gpu]}
        """);
    CapsuleStack stack = read();
    assertEquals("[cache, web]", names(stack));
    assertEquals(
        "cache",
        String.join(
            ",",
            (Iterable<String>) () -> stack.compose().at("/services/web/depends_on").fieldNames()));
    file(
        "compose.yaml",
        "services: {web: {image: a, depends_on: [gpu]}, gpu: {image: a, profiles: [gpu]}}");
    String said = refused();
    assertTrue(
        said.contains(
            "Compose rejects compose.yaml: service \"web\" depends on undefined service \"gpu\""),
        said);
    assertTrue(said.contains("add the profile to COMPOSE_PROFILES in .env"), said);
  }

  @Test
  void theFilesAreThoseThatComposeTakes() throws IOException {
    file("docker-compose.yml", "services: {web: {image: 'a:1'}}");
    file("compose.override.yaml", "services: {web: {image: 'a:2'}, side: {image: b}}");
    assertEquals("[side, web]", names(read()));
    assertEquals("a:2", read().compose().at("/services/web/image").asText());

    file("more/prod.yml", "services: {web: {image: 'a:3', volumes: ['./x:/x']}}");
    file(
        ".env",
        "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE='docker-compose.yml,more/prod.yml' # both\n");
    CapsuleStack both = read();
    assertEquals("[web]", names(both));
    assertEquals("a:3", both.compose().at("/services/web/image").asText());
    assertEquals("/data/binds/x", both.compose().at("/services/web/volumes/0/source").asText());

    settings = new ComposeSettings(List.of("more/prod.yml"), Map.of());
    CapsuleStack named = read();
    assertEquals("a:3", named.compose().at("/services/web/image").asText());
    // Relative paths are from the folder of the first file, as with Compose's --file.
    assertEquals(
        "/data/binds/more/x", named.compose().at("/services/web/volumes/0/source").asText());
  }

  @Test
  void secretsOfVariablesAreKnownByNameAloneAndTheirValuesWhenTheyAreAskedFor() throws IOException {
    file(".env", "DB_PASSWORD='a$$b \"c\"'\n");
    file(
        "compose.yaml",
        """
        services:
          web: {image: a, secrets: [db], configs: [banner]}
        secrets:
          db: {environment: DB_PASSWORD}
        configs:
          banner: {environment: BANNER}
        """);
    assertTrue(
        refused()
            .contains(
                "config banner: environment: BANNER has no value: write BANNER=… into"
                    + " releases/v9/.env, or env { BANNER = … } in stack.conf"));
    settings = new ComposeSettings(List.of(), Map.of("BANNER", "of the stack"));
    CapsuleStack stack = read();
    assertEquals(List.of("BANNER", "DB_PASSWORD"), stack.variables());
    assertFalse(stack.toString().contains("b \\\"c"), stack.toString());
    assertFalse(stack.toString().contains("of the stack"), stack.toString());
    assertFalse(stack.mountsEnvFile());
    assertEquals(
        Map.of("BANNER", "of the stack", "DB_PASSWORD", "a$$b \"c\""),
        reader().values(new Releases(stack()).release("v9"), base, stack.variables()));
  }

  @Test
  void noMessageHasAValueOfAVariable() throws IOException {
    settings = new ComposeSettings(List.of(), Map.of("ONE", "tell-no-one"));
    file(".env", "TWO=\"swordfish\" # comment\n");
    file("compose.yaml", "services: {web: {image: a, ports: ['${ONE}', '${TWO}']}}");
    String said = refused();
    assertTrue(said.contains("Compose rejects compose.yaml: "), said);
    assertFalse(said.contains("tell-no-one") || said.contains("swordfish"), said);
  }

  @Test
  void keysOfANewerComposeAreRefusedAllAtOnceWithThatVersion() throws IOException {
    // The capsules' Compose accepts the first two, and does nothing; it rejects the others.
    String hooks =
        """
        x-hooks: &hooks
          post_start: [{command: migrate}]
        services:
          web:
            <<: *hooks
            image: a
            env_file: [/etc/os-release]
          db:
            image: a
            pre_stop: [{command: flush}]
        """;
    file("compose.yaml", hooks);
    String said = refused();
    assertTrue(said.contains("3 problems"), said);
    assertTrue(
        said.contains(
            "compose.yaml:2: service web: post_start needs Compose 2.30.0, and capsules have 2.26"),
        said);
    assertTrue(said.contains("compose.yaml:10: service db: pre_stop needs Compose 2.30.0"), said);
    assertTrue(
        said.contains(
            "compose.yaml:7: service web: env_file: /etc/os-release is a file of the host"),
        said);

    file(
        "compose.override.yaml",
        "services: {ai: {image: a, models: [m]}}\nmodels: {m: {model: x}}\n");
    said = refused();
    assertTrue(said.contains("5 problems"), said);
    assertTrue(
        said.contains("compose.override.yaml:1: service ai: models needs Compose 2.38.0"), said);
    assertTrue(said.contains("compose.override.yaml:2: models needs Compose 2.38.0"), said);
    assertFalse(said.contains("Additional property"), said);
  }

  private void file(String name, String text) throws IOException {
    Path file = release.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static String names(CapsuleStack stack) {
    return stack.compose().path("services").properties().stream()
        .map(Map.Entry::getKey)
        .sorted()
        .toList()
        .toString();
  }

  private StackSettings stack() {
    return new StackSettings(
        "read",
        light.folder(),
        List.of(),
        List.of(),
        light.stack(8080).upgrade(),
        light.stack(8080).data(),
        settings,
        0,
        GrantSettings.NONE);
  }

  private ComposeReader reader() {
    return new ComposeReader(engine, new BuildContainers(engine, "read", OWNER), stack());
  }

  private CapsuleStack read() {
    ComposeModel model = reader().read(new Releases(stack()).release("v9"), base);
    return new ComposeTransform(stack()).apply(model, Map.of());
  }

  private String refused() {
    String said = String.valueOf(assertThrows(RefusedException.class, this::read).getMessage());
    assertFalse(said.contains("capsule-check"), said);
    return said;
  }
}
