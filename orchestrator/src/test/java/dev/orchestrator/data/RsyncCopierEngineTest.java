package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.LightStack;
import dev.orchestrator.capsule.ImageBuilder;
import dev.orchestrator.data.DataCopier.Pass;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Copies of real volumes on a real engine, compared by other means than the copier's. */
@Tag("engine")
class RsyncCopierEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path directory;
  private Volumes volumes;
  private RsyncCopier copier;

  private String base() {
    try (Engine engine = DockerEngine.connect("", DEADLINE)) {
      return new ImageBuilder(
              engine, LightStack.in(directory).settings(8080), Map.of(), InstantSource.system())
          .base(line -> {});
    }
  }

  @BeforeEach
  void make() {
    String image = base();
    volumes = new Volumes(image);
    copier = new RsyncCopier(volumes.engine, () -> image);
    volumes.run("perl", "/tree/make.pl", "/from");
  }

  @AfterEach
  void remove() {
    volumes.close();
  }

  private CopyReport copy(Pass pass) {
    return copier.copy(volumes.from, volumes.to, pass, volumes.labels, DEADLINE, line -> {});
  }

  private long verify() {
    return copier.verify(volumes.from, volumes.to, volumes.labels, DEADLINE);
  }

  @Test
  void aTreeWithEverythingInItIsTheSameAfterwards() {
    List<String> before = volumes.listing("/from");
    assertTrue(before.size() > 20, before.toString());
    CopyReport live = copy(Pass.LIVE);
    assertTrue(live.files() >= 13, live.toString());
    assertEquals(before, volumes.listing("/to"));
    copy(Pass.FINAL);
    assertEquals(before, volumes.listing("/to"));
    assertEquals(before.size(), verify());
    assertEquals(before, volumes.listing("/from"), "the original is as it was");
    assertTrue(
        Long.parseLong(volumes.shell("du -k /to/sparse | cut -f 1").strip()) < 1000,
        "what is sparse stays sparse");
    assertEquals(List.of(), volumes.helpers(), "no helper is left");
  }

  @Test
  void theLastPassBringsEveryChangeAlsoThoseThatTimesDontShow() {
    copy(Pass.LIVE);
    volumes.shell(
        """
        cd /from
        rm secret; rmdir empty; mkdir other; echo new > other/file; mv link other/
        # As a database does through its mapped memory: another content, the same size and times.
        touch -r data.db /tmp/times; printf EGAP | dd of=data.db conv=notrunc status=none
        touch -r /tmp/times data.db
        touch -r plain /tmp/times; printf TEXT | dd of=plain conv=notrunc status=none
        touch -r /tmp/times plain
        chmod 600 owned; chown 7:8 acl
        # A folder in place of a file, and the other way round.
        rm attributes; mkdir attributes; rm -r sub/deep; echo x > sub/deep
        """);
    copy(Pass.FINAL);
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
    verify();
  }

  @ParameterizedTest
  @CsvSource({
    "'printf EGAP | dd of=/to/data.db conv=notrunc status=none; touch -r /from/data.db"
        + " /to/data.db', data.db",
    "chmod 4755 /to/plain, plain",
    "rm /to/dangling, dangling",
    "touch /to/unwanted, unwanted",
    "'cp -a /to/plain /to/x; rm /to/sub/hard-link; cp -a /to/plain /to/sub/hard-link; rm /to/x',"
        + " plain",
    "'rm /to/acl; cp /from/acl /to/acl; chmod 640 /to/acl; touch -r /from/acl /to/acl; touch -r"
        + " /from /to', acl",
    "'echo 5 > /to/sub/deep/more', sub/deep"
  })
  void aDifferenceIsFoundAndNamed(String change, String name) {
    copy(Pass.LIVE);
    copy(Pass.FINAL);
    volumes.shell(change);
    DataException e = assertThrows(DataException.class, this::verify);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("differ") && message.contains(name), message);
    assertEquals(1, message.lines().count(), "one line");
  }

  @Test
  void theLeaseOfASideStaysItsOwn() {
    volumes.shell(
        "mkdir -p /from/.orchestrator /to/.orchestrator; echo 7 > /from/.orchestrator/lease");
    volumes.shell("echo 8 > /to/.orchestrator/lease");
    copy(Pass.LIVE);
    copy(Pass.FINAL);
    verify();
    assertEquals("8", volumes.shell("cat /to/.orchestrator/lease").strip());
    assertEquals("7", volumes.shell("cat /from/.orchestrator/lease").strip());
  }

  @Test
  void aDeadlineEndsTheCopyAndLeavesNoHelper() {
    volumes.shell("for i in {1..3000}; do echo $i > /from/$i; done");
    DataException e =
        assertThrows(
            DataException.class,
            () ->
                copier.copy(
                    volumes.from,
                    volumes.to,
                    Pass.LIVE,
                    volumes.labels,
                    Duration.ofMillis(20),
                    line -> {}));
    assertTrue(String.valueOf(e.getMessage()).startsWith("copying " + volumes.from), e.toString());
    assertEquals(List.of(), volumes.helpers());
  }

  @Test
  void theSpaceThatIsNeededAndFree() {
    volumes.shell("head -c 30000000 /dev/zero | tr '\\\\0' x > /from/large");
    Space space = copier.space(volumes.from, volumes.labels);
    assertTrue(space.used() > 30_000_000 && space.used() < 40_000_000, space.toString());
    assertTrue(space.free() > 1_000_000, space.toString());
  }
}
