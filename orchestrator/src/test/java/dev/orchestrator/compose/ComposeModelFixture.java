package dev.orchestrator.compose;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.release.Release;
import java.nio.file.Path;
import java.util.List;

/** Compose models for tests, written as Compose prints them, in a shorter form of JSON. */
final class ComposeModelFixture {
  /** The path that stands for the release's folder. */
  static final String PROJECT = "/check/demo/releases/v1";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES, JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .build();

  private ComposeModelFixture() {}

  static ComposeModel of(Path release, String json) {
    try {
      return new ComposeModel(
          new Release("v1", release, List.of("compose.yaml")),
          (ObjectNode) JSON.readTree(json.replace("PROJECT", PROJECT)),
          Path.of(PROJECT),
          Path.of("/check/demo"),
          List.of(),
          List.of());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json, e);
    }
  }
}
