package dev.orchestrator.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.settings.ComposeSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Paths of the host that mean the stack's own data since an adoption. */
final class AdoptedPathsTest {
  @TempDir Path dir;

  @Test
  void aPathThatWasAdoptedMeansTheReleasesOwn() {
    StackSettings stack =
        LightStackFixture.in(dir)
            .stack(1)
            .withCompose(
                new ComposeSettings(
                    List.of(),
                    Map.of(),
                    Map.of(
                        "/srv/a", "./outside/srv/a",
                        "/srv/a/b", "./b",
                        "/home/me/shop", ".",
                        "../next", "./outside/home/me/next")));
    ObjectNode root =
        (ObjectNode)
            Json.tree(
                """
                {"services": {"web": {"volumes": [
                   {"type": "bind", "source": "/srv/a/c$$d"},
                   {"type": "bind", "source": "/srv/a/b/c"},
                   {"type": "bind", "source": "/srv/ab"},
                   {"type": "bind", "source": "/home/me/shop/conf"},
                   {"type": "bind", "source": "/stack/releases/next"},
                   {"type": "volume", "source": "/srv/a"}]}},
                 "volumes": {"v": {"driver_opts": {"device": "/srv/a"}}},
                 "secrets": {"s": {"file": "/srv/a/s"}}}
                """);
    new AdoptedPaths(stack, Path.of("/stack/releases/2")).apply(root);
    assertEquals(
        Json.tree(
            """
            {"services": {"web": {"volumes": [
               {"type": "bind", "source": "/stack/releases/2/outside/srv/a/c$$d"},
               {"type": "bind", "source": "/stack/releases/2/b/c"},
               {"type": "bind", "source": "/srv/ab"},
               {"type": "bind", "source": "/stack/releases/2/conf"},
               {"type": "bind", "source": "/stack/releases/2/outside/home/me/next"},
               {"type": "volume", "source": "/srv/a"}]}},
             "volumes": {"v": {"driver_opts": {"device": "/stack/releases/2/outside/srv/a"}}},
             "secrets": {"s": {"file": "/stack/releases/2/outside/srv/a/s"}}}
            """),
        root);
  }
}
