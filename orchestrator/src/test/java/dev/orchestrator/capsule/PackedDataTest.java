package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code config/image/lib/packed-data.sh}: what goes out as an export's data comes in at a
 * capsule's first start, once.
 */
class PackedDataTest {
  private static final String PLACES =
      "s#=/run/capsule#=$PWD/run#; s#=/data #=$PWD/data #; s#=/capsule/data#=$PWD/packed#";

  private static final Instant THEN = Instant.parse("2026-03-01T10:00:00.123456789Z");

  @TempDir Path capsule;

  @BeforeEach
  void makeFolders() throws IOException {
    for (String each : new String[] {"run", "data/.orchestrator", "from/.orchestrator", "packed"}) {
      Files.createDirectories(capsule.resolve(each));
    }
  }

  @Test
  void whatWasPackedIsPutIntoAnEmptyVolume() throws Exception {
    write("from/volumes/db/table", "rows");
    write("from/volumes/.wh.db", "no deletion mark");
    write("from/a\nb", "two lines");
    write("from/.orchestrator/lease", "7");
    write("from/.orchestrator/release-files.json", "{}");
    write("from/.orchestrator/subnet", "172.30.0.0/16");
    write("from/extra/media/film", "another volume's");
    write("from/secret/key", "left out");
    Files.createSymbolicLink(capsule.resolve("from/link"), Path.of("volumes/db/table"));
    pack("data", "from", "secret/key");
    assertEquals(
        """
        capsule: putting 0 MB of data into DATA, as it was at 2026-11-27T05:00:00Z
        done one
        ./.orchestrator/packed-data
        ./.orchestrator/release-files.json
        ./.orchestrator/subnet
        ./a?b
        ./link
        ./secret
        ./volumes/.wh.db
        ./volumes/db/table
        """,
        start(
            """
            cat data/.orchestrator/packed-data
            cd data && find . ! -type d -o -name secret | tr '\\n' '\\0' | sed 's/a.b/a?b/' |
              tr '\\0' '\\n' | LC_ALL=C sort
            """));
    assertEquals("rows", read("data/volumes/db/table"));
    assertEquals("two lines", read("data/a\nb"));
  }

  @Test
  void ownersModesTimesLinksHolesAndAttributesAreKept() throws Exception {
    write("from/one", "linked");
    Files.createLink(capsule.resolve("from/two"), capsule.resolve("from/one"));
    Files.setAttribute(capsule.resolve("from/one"), "unix:mode", 04750);
    boolean root = (int) Files.getAttribute(capsule, "unix:uid") == 0;
    if (root) {
      Files.setAttribute(capsule.resolve("from/one"), "unix:uid", 12345);
      Files.setAttribute(capsule.resolve("from/one"), "unix:gid", 54321);
      // The kernel takes the bit away when the owner changes.
      Files.setAttribute(capsule.resolve("from/one"), "unix:mode", 04750);
    }
    try (RandomAccessFile hole = new RandomAccessFile(capsule + "/from/hole", "rw")) {
      hole.setLength(1 << 30);
      hole.seek(500 << 20);
      hole.write(1);
    }
    UserDefinedFileAttributeView attributes =
        Files.getFileAttributeView(capsule.resolve("from/one"), UserDefinedFileAttributeView.class);
    attributes.write("mark", ByteBuffer.wrap(new byte[] {'m'}));
    Files.setLastModifiedTime(capsule.resolve("from/one"), FileTime.from(THEN));
    Files.createDirectories(capsule.resolve("from/folder"));
    Files.setLastModifiedTime(capsule.resolve("from/folder"), FileTime.from(THEN));
    pack("data", "from");
    assertTrue(Files.size(capsule.resolve("packed/data/00000000")) < 100_000);
    start("");
    Path one = capsule.resolve("data/one");
    assertEquals(
        Files.getAttribute(one, "unix:ino"),
        Files.getAttribute(capsule.resolve("data/two"), "unix:ino"));
    assertEquals(04750, (int) Files.getAttribute(one, "unix:mode") & 07777);
    if (root) {
      assertEquals(12345, Files.getAttribute(one, "unix:uid"));
      assertEquals(54321, Files.getAttribute(one, "unix:gid"));
    }
    assertEquals(FileTime.from(THEN), Files.getLastModifiedTime(one));
    assertEquals(FileTime.from(THEN), Files.getLastModifiedTime(capsule.resolve("data/folder")));
    assertEquals(1 << 30, Files.size(capsule.resolve("data/hole")));
    assertTrue(
        Integer.parseInt(bash("stat -c %b data/hole").strip()) < 10_000, "the hole is a hole");
    assertEquals(
        1, Files.getFileAttributeView(one, UserDefinedFileAttributeView.class).size("mark"));
  }

  @Test
  void aSecondStartPutsNothingInAgain() throws Exception {
    write("from/file", "old");
    pack("data", "from");
    start("");
    Files.delete(capsule.resolve("data/file"));
    write("data/other", "new");
    assertEquals("", start(""));
    Files.delete(capsule.resolve("data/other"));
    assertEquals("", start("ls data"), "a volume that was emptied stays empty");
  }

  @Test
  void aVolumeWithDataOfItsOwnIsLeftAsItIs() throws Exception {
    write("from/file", "packed");
    pack("data", "from");
    write("data/file", "mine");
    assertEquals(
        "capsule: the data of this image stays where it is: the volume at DATA has data of its"
            + " own\n",
        start(""));
    assertEquals("mine", read("data/file"));
  }

  /** The first start ends in the middle, as with a kill: the tar is one part short. */
  @Test
  void aStartAfterAKillBeginsAnew() throws Exception {
    write("from/a", "a");
    write("from/b", "b".repeat(100));
    pack("data", "from");
    assertEquals(
        """
        capsule: putting 0 MB of data into DATA, as it was at 2026-11-27T05:00:00Z
        killed
        begun one
        """,
        start(
            """
            cat data/.orchestrator/packed-data
            """,
            """
            main=$BASHPID
            half() { mkdir -p data/half; builtin echo x >data/half/file; kill -KILL "$main"; }
            decompress() { half; }
            """,
            "|| builtin echo killed"));
    assertEquals(
        """
        capsule: the data did not all arrive in DATA: once more, from the beginning
        capsule: putting 0 MB of data into DATA, as it was at 2026-11-27T05:00:00Z
        a
        b
        """,
        start("ls data"));
  }

  @Test
  void whatAnotherImageHasBegunIsRefused() throws Exception {
    write("from/a", "a");
    pack("data", "from");
    write("data/.orchestrator/packed-data", "begun other\n");
    assertEquals(
        """
        capsule: the volume at DATA was being filled by another image: give this one a new volume
        ended with 1
        """,
        start("", "", "|| builtin echo \"ended with $?\""));
  }

  @Test
  void damagedPartsAreAFailureOfOneLine() throws Exception {
    write("from/a", "a".repeat(10_000));
    pack("data", "from");
    Path part = capsule.resolve("packed/data/00000001");
    byte[] bytes = Files.readAllBytes(part);
    Files.write(part, Arrays.copyOf(bytes, bytes.length - 5));
    String said = start("", "", "|| builtin echo \"ended with $?\"");
    assertTrue(said.contains("\ncapsule: the data could not be put into DATA: Read error"), said);
    assertTrue(said.endsWith("ended with 1\n"), said);
    assertEquals(3, said.lines().count(), said);
    assertEquals("begun one\n", read("data/.orchestrator/packed-data"));
  }

  @Test
  void tooLittleSpaceIsNoticedBeforeAnythingIsPutIn() throws Exception {
    write("from/a", "a");
    pack("data", "from");
    Files.writeString(
        capsule.resolve("packed/index.json"),
        read("packed/index.json").replaceFirst("\"bytes\":[0-9]*", "\"bytes\":5000000000000000"));
    String said = start("ls data", "df() { printf 'Avail\\n3000000000\\n'; }", "|| true");
    assertEquals(
        "capsule: the data of this image takes 5000000000 MB, and the volume at DATA has 3000 MB"
            + " free: make room, or give it another volume\n",
        said);
  }

  /** Each volume for itself: what is mounted at its place may be another one the next time. */
  @Test
  void eachVolumeGetsItsOwnDataWhereItIsEmpty() throws Exception {
    write("from/db", "d");
    write("media/film", "f");
    pack("data", "from");
    pack("media", "media");
    write("data/extra/media/mine", "m");
    assertEquals(
        """
        capsule: putting 0 MB of data into DATA, as it was at 2026-11-27T05:00:00Z
        capsule: the data of this image stays where it is: the volume at DATA/extra/media has data of its own
        data/db
        data/extra/media/mine
        """,
        start("find data -type f ! -path '*/.orchestrator/*' | LC_ALL=C sort"));
    bash("rm -rf data/extra/media");
    assertEquals(
        """
        capsule: putting 0 MB of data into DATA/extra/media, as it was at 2026-11-27T05:00:00Z
        data/db
        data/extra/media/film
        """,
        start("find data -type f ! -path '*/.orchestrator/*' | LC_ALL=C sort"));
  }

  /** A volume at its place below the main one is not the main one's to remove. */
  @Test
  void beginningAnewLeavesTheOtherVolumesAlone() throws Exception {
    write("from/db", "d");
    pack("data", "from");
    write("data/.orchestrator/packed-data", "begun one\n");
    write("data/half", "h");
    write("data/extra/media/film", "f");
    start("");
    assertEquals("f", read("data/extra/media/film"));
    assertEquals("d", read("data/db"));
    assertTrue(Files.notExists(capsule.resolve("data/half")));
  }

  @Test
  void anImageWithoutDataPutsNothingIn() throws Exception {
    assertEquals("", start("ls data"));
  }

  @Test
  void theSizeIsThatOfTheDataAlone() throws Exception {
    write("from/one", "x".repeat(10_000));
    Files.createLink(capsule.resolve("from/two"), capsule.resolve("from/one"));
    write("from/.orchestrator/lease", "7".repeat(5_000));
    write("from/extra/media/film", "x".repeat(50_000));
    String said = bash("source packed-data.sh\nmeasure_volume from");
    assertTrue(said.matches("\\{\"bytes\": [0-9]+, \"files\": 2}\n"), said);
    long bytes = Long.parseLong(said.replaceAll("\\D+([0-9]+), .*\n", "$1"));
    assertTrue(bytes >= 12_288 && bytes < 50_000, said);
  }

  /** Packs a folder as an export does it, in two parts or more. */
  private void pack(String volume, String from, String... without) throws Exception {
    bash(
        """
        source packed-data.sh
        mkdir -p packed/%1$s
        pack_volume %2$s %3$s >stream
        split --bytes=$(($(stat -c %%s stream) / 2 + 1)) --numeric-suffixes --suffix-length 8 \
          stream packed/%1$s/
        [[ -e packed/index.json ]] ||
          builtin echo '{"id": "one", "created": "2026-11-27T05:00:00Z", "volumes": []}' \
            >packed/index.json
        jq -c '.volumes += [{name: "%1$s", compression: "zstd", bytes: 4096}]' packed/index.json >new
        mv new packed/index.json
        """
            .formatted(volume, from, String.join(" ", without)));
  }

  private String start(String then) throws Exception {
    return start(then, "", "");
  }

  /**
   * What a capsule says that starts.
   *
   * @param before bash that comes before, in the same process
   * @param end what is done when it fails
   */
  private String start(String then, String before, String end) throws Exception {
    return bash("""
    (
      source packed-data.sh
      %s
      unpack_data
    ) 2>&1 %s
    %s
    """
            .formatted(before, end, then))
        .replace(capsule + "/data", "DATA");
  }

  private void write(String file, String content) throws IOException {
    Path path = Path.of(capsule + "/" + file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, content);
  }

  private String read(String file) throws IOException {
    return Files.readString(Path.of(capsule + "/" + file));
  }

  private String bash(String script) throws IOException, InterruptedException {
    return new ScriptRunner(capsule, PLACES, "").run(script);
  }
}
