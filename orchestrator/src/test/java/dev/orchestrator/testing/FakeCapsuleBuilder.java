package dev.orchestrator.testing;

import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.Probe;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Builds capsules of a {@link FakeHost}: images that are there at once, with nothing in them. */
public final class FakeCapsuleBuilder implements CapsuleBuilder {
  /** A variable without which no capsule starts its services. */
  static final String SECRET = "DB_PASSWORD";

  private final FakeHost host;
  private final Releases releases;

  public FakeCapsuleBuilder(FakeHost host, Releases releases) {
    this.host = host;
    this.releases = releases;
  }

  @Override
  public VersionCheck check(String version) {
    host.operate("builder.check", () -> {});
    List<String> services = new ArrayList<>(host.moreServices.getOrDefault(version, List.of()));
    services.add("db");
    return new VersionCheck(List.of(), services, host.mounts.getOrDefault(version, List.of()));
  }

  @Override
  public ReleaseFiles releaseFiles(String version) {
    return host.releaseFiles.getOrDefault(version, ReleaseFiles.NONE);
  }

  @Override
  public Optional<String> built(String version) {
    return host.engine.image("orchestrator/shop:" + version).map(image -> image.id());
  }

  @Override
  public Map<String, String> databases(String image) {
    String tag =
        host.engine
            .image(image)
            .map(found -> found.tags().stream().findFirst().orElse(""))
            .orElse("");
    return host.databasesByImage.getOrDefault(tag, Map.of());
  }

  @Override
  public List<Probe> probes(String image) {
    String tag =
        host.engine
            .image(image)
            .map(found -> found.tags().stream().findFirst().orElse(""))
            .orElse("");
    return host.probesByImage.getOrDefault(tag, List.of());
  }

  @Override
  public HostGrants grants(String image) {
    String tag =
        host.engine
            .image(image)
            .map(found -> found.tags().stream().findFirst().orElse(""))
            .orElse("");
    return host.grantsByImage.getOrDefault(tag, HostGrants.NONE);
  }

  @Override
  public Map<String, String> variables(String version, String image) {
    return Map.of(SECRET, "of " + version);
  }

  @Override
  public CapsuleImage build(String version, Consumer<String> progress) {
    host.operate(
        "builder.build", () -> host.engine.addImage("orchestrator/shop:" + version, Map.of()));
    return new CapsuleImage(
        version, "orchestrator/shop:" + version, releases.content(version), Map.of(), 1, false);
  }

  @Override
  public CapsuleImage load(String version, ArchiveReader archive, Consumer<String> progress) {
    return build(version, progress);
  }

  @Override
  public int prune(Collection<String> versions) {
    host.operate("builder.prune", () -> {});
    return 0;
  }

  @Override
  public List<String> unneeded(Collection<String> versions) {
    return host.unneededImages;
  }

  @Override
  public String base(Consumer<String> progress) {
    return FakeHost.BASE_IMAGE;
  }
}
