package dev.orchestrator.data;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Mount;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Finds out how much space an engine has for volumes that may have no image of ours yet: in a
 * container of an image of a few megabytes, which has one program of the base image. Image,
 * container and volume are removed again.
 */
final class SpaceProbe {
  private static final String PROGRAM =
      """
      program=$(type -P stat)
      tar --dereference --create --file=- "$program" $(ldd "$program" | grep -o '/[^ )]*') 2>/dev/null
      """;
  private static final String IMAGE = "orchestrator/space-probe:";
  private static final Pattern ANSWER = Pattern.compile("(\\d{1,18}) (\\d{1,9})");

  private final Engine here;
  private final String base;
  private final Map<String, String> labels;
  private final Duration limit;

  SpaceProbe(Engine here, String base, Map<String, String> labels, Duration limit) {
    this.here = here;
    this.base = base;
    this.labels = labels;
    this.limit = limit;
  }

  /**
   * Bytes that are free where an engine keeps its volumes.
   *
   * @param name of what is made for it
   */
  long free(Engine there, String name) {
    String doing = "measuring the space of the other engine";
    try {
      return tryFree(doing, there, name);
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  private long tryFree(String doing, Engine there, String name) {
    String image = IMAGE + name;
    byte[] archive = image(image, program(name));
    try {
      there.load(new ByteArrayInputStream(archive), limit, line -> {});
      there.createVolume(name, labels);
      there.createContainer(
          ContainerSpec.helper(
              name,
              image,
              List.of("/usr/bin/stat", "--file-system", "--format=%a %S", "/volume"),
              labels,
              List.of(Mount.readOnly(name, "/volume"))));
      there.startContainer(name);
      int code = there.awaitExit(name, limit);
      String said = String.join(" ", there.logs(name, 10));
      Matcher answer = ANSWER.matcher(said.strip());
      if (code != 0 || !answer.matches()) {
        throw new DataException("%s: %s (code %d)".formatted(doing, said, code));
      }
      return Math.multiplyExact(Long.parseLong(answer.group(1)), Long.parseLong(answer.group(2)));
    } finally {
      there.removeContainer(name);
      there.removeVolume(name);
      there.removeImage(image);
    }
  }

  /** The program and its libraries, as a tar file. */
  private byte[] program(String name) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try {
      here.createContainer(
          ContainerSpec.helper(name, base, List.of("sleep", "60"), labels, List.of()));
      here.startContainer(name);
      ExecResult exec = here.execOutput(name, List.of("bash", "-euc", PROGRAM), limit, tar);
      if (!exec.ok()) {
        throw new DataException("packing a program of the base image: " + exec.errorLine());
      }
    } finally {
      here.removeContainer(name);
    }
    return tar.toByteArray();
  }

  private byte[] image(String reference, byte[] layer) {
    byte[] config =
        Json.write(
                Map.of(
                    "architecture",
                    here.info().platform().architecture(),
                    "os",
                    here.info().platform().os(),
                    "config",
                    Map.of(),
                    "rootfs",
                    Map.of("type", "layers", "diff_ids", List.of("sha256:" + digest(layer)))))
            .getBytes(StandardCharsets.UTF_8);
    String configName = digest(config) + ".json";
    String manifest =
        Json.write(
            List.of(
                Map.of(
                    "Config",
                    configName,
                    "RepoTags",
                    List.of(reference),
                    "Layers",
                    List.of("layer.tar"))));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      put(tar, configName, config);
      put(tar, "layer.tar", layer);
      put(tar, "manifest.json", manifest.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static String digest(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void put(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }
}
