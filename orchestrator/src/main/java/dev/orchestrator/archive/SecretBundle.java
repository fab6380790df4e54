package dev.orchestrator.archive;

import dev.orchestrator.common.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Secrets with their values. Its text is never printed: {@link #toString} has names alone.
 *
 * @param variables values by name
 * @param files by path relative to the release
 */
public record SecretBundle(Map<String, String> variables, Map<String, SecretFile> files) {

  /**
   * A file, with what it has on the disk.
   *
   * @param base64 its content
   */
  public record SecretFile(int mode, int uid, int gid, String base64) {
    public static SecretFile of(int mode, int uid, int gid, byte[] content) {
      return new SecretFile(mode, uid, gid, Base64.getEncoder().encodeToString(content));
    }

    public byte[] content() {
      return Base64.getDecoder().decode(base64);
    }

    @Override
    public String toString() {
      return "a secret file of %d bytes".formatted(content().length);
    }
  }

  public SecretBundle {
    variables = new TreeMap<>(variables);
    files = new TreeMap<>(files);
  }

  public List<String> variableNames() {
    return new ArrayList<>(variables.keySet());
  }

  public List<String> fileNames() {
    return new ArrayList<>(files.keySet());
  }

  byte[] toJson() {
    return Json.write(this).getBytes(StandardCharsets.UTF_8);
  }

  static SecretBundle read(byte[] json) {
    return Json.read(new String(json, StandardCharsets.UTF_8), SecretBundle.class);
  }

  @Override
  public String toString() {
    return "secrets %s %s".formatted(variableNames(), fileNames());
  }
}
