package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a capsule passes cgroup controllers on to its services, on a folder that looks like its
 * group: a controller can't be enabled while {@code cgroup.subtree_control} is a folder. What the
 * kernel makes of it is tried on a whole host: {@code scripts/test --vm}.
 */
class CgroupsTest {
  private static final Path LIB = Path.of("../config/image/lib").toAbsolutePath().normalize();

  @TempDir Path group;

  @BeforeEach
  void makeGroup() throws IOException {
    Files.writeString(group.resolve("cgroup.controllers"), "memory\n");
    Files.writeString(group.resolve("cgroup.procs"), "1\n17\n");
    Files.createFile(group.resolve("cgroup.subtree_control"));
  }

  @Test
  void triesAgainWhileAProcessIsInTheGroup() throws Exception {
    assertEquals("", passOn("pause() { busy=no; }"));
    assertEquals("+memory\n", Files.readString(group.resolve("cgroup.subtree_control")));
    assertEquals("17\n", Files.readString(group.resolve("init/cgroup.procs")));
  }

  @Test
  void namesTheControllersThatCannotBePassedOn() throws Exception {
    assertEquals(
        "capsule: the services can't have limits that need these cgroup controllers: memory\n",
        passOn("pause() { :; }"));
  }

  /** The output of the script, with another function {@code pause}. */
  private String passOn(String pause) throws IOException, InterruptedException {
    Process bash =
        new ProcessBuilder(
                "bash",
                "-euc",
                """
                source %s/common.sh
                source %s/engine.sh
                busy=yes
                echo() { [[ $busy$1 != yes+* ]] && builtin echo "$@"; }
                %s
                pass_controllers_on . 2>&1
                """
                    .formatted(LIB, LIB, pause))
            .directory(group.toFile())
            .start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, bash.waitFor(), said);
    return said;
  }
}
