package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.adopt.DataSurvey.Measured;
import dev.orchestrator.adopt.Placement.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What becomes of the paths of the host that a project uses. */
final class PlacementsTest {
  private final List<MountUse> uses = new ArrayList<>();
  private final Map<String, Measured> measured = new TreeMap<>();
  private final Map<Path, Set<String>> others = new TreeMap<>();

  private void use(String path, boolean readOnly) {
    uses.add(new MountUse("web", Path.of(path), "", "/x", readOnly));
  }

  private Placement placement(String path) {
    return Placements.of(
            Path.of("/srv/shop"),
            uses,
            new DataSurvey.Found(measured, -1, false),
            others,
            Placements.MEDIA)
        .getOrDefault(Path.of(path), new Placement(Kind.LEFT, "none"));
  }

  private Kind kind(String path, boolean readOnly) {
    use(path, readOnly);
    return placement(path).kind();
  }

  @Test
  void inTheProjectsFolderWhatIsWrittenIsDataAndTheRestComesWithTheRelease() {
    assertEquals(Kind.DATA, kind("/srv/shop/data", false));
    assertEquals(Kind.RELEASE, kind("/srv/shop/conf", true));
    assertEquals(Kind.DATA, kind("/srv/shop/data/part", true), "a part of what is written");
    assertEquals(Kind.RELEASE, kind("/srv/shop", true), "the rest of the folder");
  }

  @Test
  void outsideOfItWhatIsWrittenIsDataAndTheRestStaysTheHosts() {
    assertEquals(Kind.DATA, kind("/opt/appdata/db", false));
    assertEquals(Kind.HOST_READ, kind("/opt/conf", true));
    assertEquals(Kind.HOST_READ, kind("/lib/modules", true));
    assertEquals(Kind.HOST_WRITE, kind("/var/log/shop", false));
    assertEquals(Kind.HOST_WRITE, kind("/run/avahi/bus.sock", false));
  }

  @Test
  void whatNoStackMayHaveIsLeftToTheCheck() {
    for (String path :
        List.of("/", "/proc", "/var/run/docker.sock", "/etc/localtime", "/dev/dri", "/etc")) {
      assertEquals(Kind.LEFT, kind(path, true), path);
    }
  }

  @Test
  void mediaIsSharedUnlessThereIsADatabaseInIt() {
    measured.put("/srv/shop/photos", new Measured(true, 10, 2L << 30, 2L << 30, 1, List.of()));
    assertEquals(Kind.HOST_WRITE, kind("/srv/shop/photos", false));
    assertEquals(
        "2.1 GB of media in 10 files, which would be copied at each upgrade",
        placement("/srv/shop/photos").why());
    measured.put(
        "/srv/shop/all", new Measured(true, 10, 2L << 30, 2L << 30, 1, List.of("SQLite (a.db)")));
    assertEquals(Kind.DATA, kind("/srv/shop/all", false));
    measured.put("/mnt/tapes", new Measured(true, 10, 2L << 30, 2L << 30, 1, List.of()));
    assertEquals(Kind.HOST_READ, kind("/mnt/tapes", true));
  }

  @Test
  void whatOtherProjectsUseStaysWhereItIs() {
    others.put(Path.of("/srv/shop/shared"), Set.of("backup"));
    others.put(Path.of("/srv"), Set.of("backup"));
    assertEquals(Kind.HOST_WRITE, kind("/srv/shop/shared", false));
    assertEquals(
        "containers outside of the project use it too: backup",
        placement("/srv/shop/shared").why());
    assertEquals(Kind.DATA, kind("/srv/shop/own", false), "a folder above counts for nobody");
    assertEquals(
        List.of(
            "backup has /srv, and with it /srv/shop/own: it sees the original's files from then on,"
                + " not the stack's"),
        Placements.onlookers(Map.of(Path.of("/srv/shop/own"), placement("/srv/shop/own")), others));
  }
}
