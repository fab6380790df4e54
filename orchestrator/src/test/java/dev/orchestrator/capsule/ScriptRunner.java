package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Runs bash with the functions of {@code config/image/lib/common.sh}, in a folder that has the
 * place of the capsule's own folders.
 *
 * @param places a script of sed that puts folders of the test in place of those of a capsule
 * @param begin bash that comes before each script
 */
record ScriptRunner(Path folder, String places, String begin) {
  private static final Path LIB = Path.of("../config/image/lib").toAbsolutePath().normalize();

  /** What a script says, which must succeed; {@code source} looks in lib. */
  String run(String script) throws IOException, InterruptedException {
    Process bash =
        new ProcessBuilder(
                "timeout",
                "30",
                "bash",
                "-euo",
                "pipefail",
                "-c",
                """
                source <(sed "%s" %s/common.sh)
                PATH=%s:$PATH
                %s
                %s
                """
                    .formatted(places, LIB, LIB, begin, script))
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, bash.waitFor(), said);
    return said;
  }
}
