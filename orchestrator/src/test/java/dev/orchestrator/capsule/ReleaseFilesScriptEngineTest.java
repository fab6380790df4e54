package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.testing.LightStackFixture;
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

/** What a capsule makes of the release's files in its data, in a container of the base image. */
@Tag("engine")
class ReleaseFilesScriptEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(1);

  /**
   * The library, and functions to make releases in it: "release VERSION ROOT..." writes its
   * manifest.
   */
  private static final String BEGIN =
      """
      set -euo pipefail
      source /usr/local/lib/capsule/common.sh
      for each in lease volumes release-files services; do source $LIB/$each.sh; done
      rm -rf /data/* /data/.orchestrator $RUN $STACK
      mkdir -p $RUN $STACK/release/conf
      echo '{}' >$STACK/stack.json
      cd $STACK/release
      policies='[]'
      place() { [[ $1 == media* ]] && echo "/data/extra/m/binds/$1" || echo "/data/binds/$1"; }
      release() {
        local version=$1 file value
        shift
        find "$@" -print0 | sort -z | while IFS= read -r -d '' file; do
          if [[ -L $file ]]; then value=link:$(readlink "$file")
          elif [[ -d $file ]]; then value=folder
          else value=file:$(sha256sum <"$file" | cut -c 1-64); fi
          jq -nc --arg to "$(place "$file")" --arg from "$file" --arg value "$value" \
            --arg mode "$(stat -c %a "$file")" --arg owner "$(stat -c %u:%g "$file")" '$ARGS.named'
        done >/tmp/files
        for file in "$@"; do jq -nc --arg to "$(place "$file")" '{to: $to}'; done >/tmp/roots
        jq -nc --arg version "$version" --slurpfile files /tmp/files --slurpfile roots /tmp/roots \
          --argjson policies "$policies" \
          '{version: $version, content: ($files | tostring), $policies, $roots, $files}' >$MANIFEST
      }
      told() { jq -c '[.added, .changed, .removed, .aside, (.kept | map(.path + ": " + .why))]' $RUN/files.json; }
      """;

  private final Map<String, String> labels =
      Labels.with(
          Labels.role("test"), Labels.HOME, "test-" + UUID.randomUUID().toString().substring(0, 8));
  private final Engine engine = DockerEngine.connect("", DEADLINE);
  private final String container = "orchestrator-test-" + UUID.randomUUID();
  @TempDir Path directory;

  @BeforeEach
  void start() {
    String base =
        new ImageBuilder(
                engine,
                LightStackFixture.in(directory).settings(8080),
                labels,
                InstantSource.system())
            .base(System.out::println);
    engine.createContainer(
        ContainerSpec.helper(container, base, List.of("sleep", "300"), labels, List.of()));
    engine.startContainer(container);
  }

  @AfterEach
  void stop() {
    engine.removeContainer(container);
    engine.close();
  }

  private void assertSays(String expected, String script) {
    try (TarArchive archive = new TarArchive()) {
      engine.putArchive(container, "/tmp", archive.text("script", BEGIN + script).open());
    }
    ExecResult result = engine.exec(container, List.of("bash", "/tmp/script"), DEADLINE);
    assertEquals(expected, result.stdout() + result.stderr());
  }

  @Test
  void theRuleInEachCase() {
    assertSays(
        """
        [["./conf/new"],["./conf/follows","./conf/link"],["./conf/gone"],[],\
        ["./conf/both: changed here and in v2","./conf/deleted: deleted here, changed in v2",\
        "./conf/changed-gone: changed here, gone in v2"]]
        both changed-gone follows here-alone link new odd name own same
        x 2 x 2 target2
        [["./conf/gone"],["./conf/follows","./conf/link"],["./conf/new"],[],\
        ["./conf/both: changed here and in v1","./conf/changed-gone: changed here and in v1",\
        "./conf/deleted: deleted here, changed in v1"]]
        both changed-gone follows gone here-alone link odd name own same
        1 link
        ["./conf/both: changed","./conf/changed-gone: changed","./conf/deleted: deleted",\
        "./conf/here-alone: changed"]
        """,
        """
        write() { local file; for file in "${@:2}"; do echo "$1" >"conf/$file"; done; }
        first() { rm -rf conf/*; write 1 both changed-gone deleted follows gone here-alone own same $'odd name'; ln -s link conf/link; rm conf/own; release v1 conf; }
        second() { rm conf/gone conf/changed-gone; write 2 both deleted follows; write 1 new; ln -sf target2 conf/link; release v2 conf; }
        first
        apply_files
        cd /data/binds/conf
        for each in both changed-gone here-alone own; do echo x >$each; done
        rm deleted
        cd $STACK/release
        second
        apply_files
        told
        echo $(ls /data/binds/conf)
        cd /data/binds/conf; echo $(cat both follows own) 2 $(readlink link); cd $STACK/release
        first
        apply_files
        told
        echo $(ls /data/binds/conf)
        echo $(cat /data/binds/conf/gone) $(readlink /data/binds/conf/link)
        files_differences | jq -c 'map(.path + ": " + .why)'
        """);
  }

  /** Killed before the record is written, at any file: the next start ends it. */
  @Test
  void aStartThatWasCutOffIsEndedByTheNext() {
    assertSays(
        """
        cut off
        2 2 2 3
        {"/data":true,"/data/extra/m":true}
        """,
        """
        mkdir -p conf media
        echo 1 | tee conf/a conf/b media/c >/dev/null
        release v1 conf media
        apply_files
        echo 2 | tee conf/a conf/b media/c >/dev/null
        release v2 conf media
        (
          put_files() { cp conf/a /data/binds/conf/a; exit 1; }
          apply_files
        ) || echo cut off
        echo 3 >conf/new
        release v2 conf media
        apply_files
        cd /data; echo $(cat binds/conf/a binds/conf/b extra/m/binds/media/c binds/conf/new)
        jq -n 'reduce inputs as $each ({}; .[input_filename | sub("/.orchestrator.*"; "")] = ($each.version == "v2"))' \
          -c /data/$RECORD /data/extra/m/$RECORD
        """);
  }

  /** Creating the services' containers needs the files; a copy that comes later must not. */
  @Test
  void nothingOfTheReleaseIsLeftWhereACopyWillBe() {
    assertSays(
        """
        seen 1
        .orchestrator binds
        cut off
        seen 1
        1
        """,
        """
        echo 1 >conf/a
        release v1 conf
        seed_for eval 'echo seen $(cat /data/binds/conf/a)'
        echo $(ls -A /data) ; ls -A /data/binds
        (seed_for exit 1) || echo cut off
        seed_for eval 'echo seen $(cat /data/binds/conf/a)'
        apply_files
        cat /data/binds/conf/a
        """);
  }

  @Test
  void policiesAndAnswers() {
    assertSays(
        """
        [[],["./conf/release"],[],["./conf/release-changed"],[]]
        1 2 x x 2
        [[],[],[],["./conf/auto"],[]]
        2 x 1
        """,
        """
        policies='[{"to": "/data/binds/conf/keep", "policy": "keep"}, {"to": "/data/binds/conf/release", "policy": "release"}, {"to": "/data/binds/conf/release-changed", "policy": "release"}, {"to": "/data/binds/conf/auto", "policy": "keep"}]'
        for each in keep release release-changed auto; do echo 1 >conf/$each; done
        release v1 conf
        apply_files
        echo x | tee /data/binds/conf/release-changed /data/binds/conf/auto >/dev/null
        for each in keep release release-changed auto; do echo 2 >conf/$each; done
        release v2 conf
        apply_files
        told
        cd /data/binds/conf; echo $(cat keep release release-changed.orchestrator-old auto release-changed)
        cd $STACK/release
        policies='[{"to": "/data/binds/conf/keep", "policy": "keep"}, {"to": "/data/binds/conf/auto", "policy": "ask"}]'
        release v2b conf
        apply_files release
        told
        cd /data/binds/conf; echo $(cat auto auto.orchestrator-old keep)
        """);
  }
}
