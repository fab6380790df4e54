package dev.orchestrator.compose;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.release.Release;
import dev.orchestrator.settings.GrantSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Compose models for tests, written as Compose prints them, in a shorter form of JSON. */
final class ComposeModelFixture {
  /** The path that stands for the release's folder. */
  static final String PROJECT = "/check/demo/releases/v1";

  /** A host that has the devices that VPNs and FUSE use. */
  static final HostFacts HOST =
      new HostFacts(
          Set.of("/dev/net/tun", "/dev/fuse", "/dev/dri", "/dev/dri/card0"),
          List.of("172.17.0.0/16"),
          Map.of(),
          Map.of(),
          "",
          "Europe/Berlin");

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

  /** Host paths where nothing is granted, on a host with the devices of VPNs. */
  static HostPathMapping hostPaths(ComposeFindings findings) {
    return hostPaths(findings, GrantSettings.NONE, HOST);
  }

  static HostPathMapping hostPaths(ComposeFindings findings, GrantSettings grants, HostFacts host) {
    return new HostPathMapping(
        findings,
        grants,
        host,
        CapsuleRights.USUAL,
        new RightsMapping(findings, grants, host, CapsuleRights.USUAL, Map.of()));
  }
}
