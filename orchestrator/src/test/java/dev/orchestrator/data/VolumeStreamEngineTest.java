package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineInfo;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import org.apache.commons.io.input.BrokenInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Data out of a volume and into another, on an engine of this host. */
@Tag("engine")
@Timeout(120)
class VolumeStreamEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(1);

  /** More than a pipe holds. */
  private static final int MUCH = 20_000_000;

  @TempDir Path directory;
  private String image = "";
  private VolumesFixture volumes;
  private VolumeStream stream;
  private VolumeStream.Weight weighed = new VolumeStream.Weight(0, 0);
  private Path folder;

  @BeforeEach
  void make() {
    image = VolumesFixture.base(directory);
    volumes = new VolumesFixture(image);
    folder = directory.resolve("own");
    stream = new VolumeStream(volumes.engine, () -> image, volumes.labels, folder);
    volumes.run("perl", "/tree/make.pl", "/from");
  }

  @AfterEach
  void remove() {
    try {
      assertEquals(List.of(), volumes.helpers(), "no helper is left");
      assertFalse(Files.exists(folder.resolve("stream")), "no pipe is left");
    } finally {
      volumes.close();
    }
  }

  private byte[] packed() {
    return stream.pack(
        volumes.volume(volumes.from),
        List.of(),
        DEADLINE,
        (weight, in) -> {
          weighed = weight;
          return in.readAllBytes();
        });
  }

  private long unpack(InputStream data, long bytes) {
    return stream.unpack(data, bytes, "zstd", volumes.volume(volumes.to), DEADLINE);
  }

  private void writeMuch() {
    volumes.shell("head -c " + MUCH + " /dev/urandom > /from/much");
  }

  private void removeHelpers() {
    volumes.helpers().forEach(volumes.engine::removeContainer);
  }

  @Test
  void aTreeWithEverythingInItIsTheSameAfterwards() {
    byte[] data = packed();
    assertEquals(weighed.files(), unpack(new ByteArrayInputStream(data), data.length));
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  @Test
  void dataGoesThroughAPipeOfThisHostAlsoAfterAKilledProcess() throws IOException {
    Files.createDirectories(folder.resolve("stream"));
    Files.createFile(folder.resolve("stream/data"));
    boolean isPipe =
        stream.pack(
            volumes.volume(volumes.from),
            List.of(),
            DEADLINE,
            (_, in) -> {
              assertTrue(in.readAllBytes().length > 0);
              return Files.readAttributes(folder.resolve("stream/data"), BasicFileAttributes.class)
                  .isOther();
            });
    assertTrue(isPipe);
  }

  @Test
  void whereTheEngineIsElsewhereItGoesThroughItsApi() {
    stream = new VolumeStream(elsewhere(volumes.engine), () -> image, volumes.labels, folder);
    byte[] data =
        stream.pack(
            volumes.volume(volumes.from),
            List.of(),
            DEADLINE,
            (weight, in) -> {
              weighed = weight;
              assertFalse(Files.exists(folder));
              return in.readAllBytes();
            });
    assertEquals(weighed.files(), unpack(new ByteArrayInputStream(data), data.length));
    assertEquals(volumes.listing("/from"), volumes.listing("/to"));
  }

  /** The same engine, as if it were reached over a network. */
  private static Engine elsewhere(Engine engine) {
    return (Engine)
        Proxy.newProxyInstance(
            Engine.class.getClassLoader(),
            new Class<?>[] {Engine.class},
            (_, method, arguments) -> {
              if (method.getName().equals("info")) {
                EngineInfo is = engine.info();
                return new EngineInfo(
                    is.id(),
                    "tcp://192.0.2.1:2376",
                    is.version(),
                    is.apiVersion(),
                    is.driver(),
                    is.dataRoot(),
                    is.cgroup(),
                    is.platform(),
                    is.buildKit());
              }
              return method.invoke(engine, arguments);
            });
  }

  @Test
  void aReaderThatFailsEndsTheWriter() {
    writeMuch();
    UncheckedIOException e =
        assertThrows(
            UncheckedIOException.class,
            () ->
                stream.pack(
                    volumes.volume(volumes.from),
                    List.of(),
                    DEADLINE,
                    (_, in) -> {
                      assertEquals(1000, in.readNBytes(1000).length);
                      throw new IOException("the disk is full");
                    }));
    assertEquals("the disk is full", e.getMessage());
  }

  @Test
  void aWriterThatIsKilledIsNoEndOfTheData() {
    writeMuch();
    DataException e =
        assertThrows(
            DataException.class,
            () ->
                stream.pack(
                    volumes.volume(volumes.from),
                    List.of(),
                    DEADLINE,
                    (_, in) -> {
                      assertEquals(1000, in.readNBytes(1000).length);
                      removeHelpers();
                      return in.readAllBytes().length;
                    }));
    assertTrue(String.valueOf(e.getMessage()).startsWith("reading " + volumes.from), e.toString());
  }

  @Test
  void whatTheDataFailedOfIsToldWhileItIsFilledIn() {
    writeMuch();
    byte[] data = packed();
    InputStream damaged =
        new SequenceInputStream(
            new ByteArrayInputStream(data, 0, data.length / 2),
            new BrokenInputStream(() -> new RefusedException("the file is damaged")));
    RefusedException e = assertThrows(RefusedException.class, () -> unpack(damaged, data.length));
    assertEquals("the file is damaged", e.getMessage());
  }

  @Test
  void aReaderThatIsKilledEndsTheFilling() {
    writeMuch();
    byte[] data = packed();
    InputStream killing =
        new SequenceInputStream(
            new ByteArrayInputStream(data, 0, data.length / 2),
            new ByteArrayInputStream(data, data.length / 2, data.length - data.length / 2) {
              @Override
              public synchronized int read(byte[] bytes, int from, int length) {
                removeHelpers();
                return super.read(bytes, from, length);
              }
            });
    DataException e = assertThrows(DataException.class, () -> unpack(killing, data.length));
    assertTrue(String.valueOf(e.getMessage()).startsWith("filling " + volumes.to), e.toString());
  }
}
