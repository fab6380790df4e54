package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.compose.CapsuleStack.SeedFile;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.VolumeSettings;
import dev.orchestrator.testing.GeneratedInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Wherever a bind mount comes from, it ends up in the capsule's data or its release, or nowhere.
 */
final class BindMappingPropertyTest {
  private static final List<String> ROOTS =
      List.of(
          ComposeModelFixture.PROJECT,
          ComposeModelFixture.PROJECT,
          "/check/demo",
          "/data",
          "/etc",
          "/dev",
          "/check");
  private static final List<String> PARTS =
      List.of(
          "/conf",
          "/app.ini",
          "/a",
          "/..",
          "/.",
          "//",
          "/.orchestrator",
          "/releases",
          "/v1",
          "/v2",
          "/extra",
          "/binds",
          "/new folder",
          "/localtime",
          "/inside",
          "/outside",
          "/endless",
          "/$$x");

  @TempDir Path release;

  @BeforeEach
  void fill() throws IOException {
    Files.createDirectories(release.resolve("conf/a"));
    Files.writeString(release.resolve("conf/app.ini"), "a=1");
    Files.createSymbolicLink(release.resolve("inside"), Path.of("conf/a/../b"));
    Files.createSymbolicLink(release.resolve("conf/b"), Path.of("a"));
    Files.createSymbolicLink(release.resolve("outside"), Path.of("/data"));
    Files.createSymbolicLink(release.resolve("conf/a/outside"), Path.of("../../../.."));
    Files.createSymbolicLink(release.resolve("endless"), Path.of("endless"));
  }

  @Test
  void everyBindMountEndsInTheDataOrTheRelease() {
    List<VolumeSettings> volumes =
        List.of(new VolumeSettings("media", List.of("binds/a"), Strategy.COPY, false));
    GeneratedInput.forAll(
        5_000,
        random -> {
          String source =
              GeneratedInput.pick(random, ROOTS) + GeneratedInput.concatenation(random, PARTS, 5);
          ObjectNode mount = JsonNodeFactory.instance.objectNode();
          mount.put("type", "bind").put("source", source).put("target", "/t");
          mount.put("read_only", random.nextBoolean());
          ComposeModel model =
              ComposeModelFixture.of(release, "{services: {web: {volumes: [" + mount + "]}}}");
          ComposeFindings findings = new ComposeFindings("demo");
          BindMapping mapping =
              new BindMapping(
                  findings,
                  model,
                  new VolumePaths(findings, volumes),
                  ComposeModelFixture.hostPaths(findings));
          ObjectNode mapped = (ObjectNode) model.root().at("/services/web/volumes/0");
          mapping.mount("web", mapped);
          if (findings.refusals().isEmpty()) {
            check(source, mapped, mapping);
          } else {
            assertEquals(1, findings.refusals().getFirst().lines().count(), source);
          }
        });
  }

  private static void check(String source, ObjectNode mapped, BindMapping mapping) {
    Path to = Path.of(ComposeModel.text(mapped.path("source")));
    String said = source + " -> " + to;
    boolean readOnly = mapped.path("read_only").asBoolean();
    if (to.startsWith("/var/lib/capsule/zone")) {
      assertTrue(readOnly, said);
    } else if (!to.normalize().startsWith("/dev")) {
      assertEquals(to, to.normalize(), said);
      assertTrue(to.startsWith("/data") || to.startsWith(BindMapping.RELEASE), said);
      assertFalse(to.startsWith("/data/.orchestrator"), said);
      assertTrue(readOnly || !to.startsWith(BindMapping.RELEASE), said + ": it is the version's");
    }
    for (String dir : mapping.dirs()) {
      assertTrue(Path.of(dir).normalize().startsWith("/data"), said + ", folder " + dir);
    }
    for (SeedFile seed : mapping.seedFiles()) {
      assertTrue(Path.of(seed.to()).normalize().startsWith("/data"), said + ", " + seed);
      assertTrue(Path.of(seed.from()).normalize().startsWith(BindMapping.RELEASE), seed.from());
    }
  }
}
