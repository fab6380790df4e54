package dev.orchestrator.capsule.image;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.capsule.BuildPart;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.CapsuleImage;
import dev.orchestrator.capsule.VersionCheck;
import dev.orchestrator.capsule.runtime.RunFlags;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.StreamPipe;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.CapsuleRights;
import dev.orchestrator.compose.CapsuleStack;
import dev.orchestrator.compose.ComposeFindings;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.ComposeReader;
import dev.orchestrator.compose.ComposeTransform;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.compose.HostQuestions;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageConfig;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.release.Release;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.Capabilities;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.ReleaseProbes;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.Settings.ImageSettings;
import dev.orchestrator.settings.StackSettings;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Builds capsule images on the outer engine, in these steps: the release, its compose model, the
 * services' images, a packed layer of each, and a last layer with the stack's own files. Images and
 * layers that exist with the same content are used again. One build at a time; calls block.
 */
public final class ImageBuilder implements CapsuleBuilder {
  static final List<String> ENTRYPOINT = List.of("/usr/local/lib/capsule/entrypoint");

  /** A label of capsule images: {@link CapsuleImage#ports()} as JSON. */
  static final String PORTS = "dev.orchestrator.ports";

  /** On a capsule image: {@link ReleaseProbes#text} of its release. */
  private static final String PROBES = "dev.orchestrator.probes";

  /** A label of capsule images: the databases in it as JSON. */
  private static final String DATABASES = "dev.orchestrator.databases";

  /** On a capsule image: {@link HostGrants#flags}. The script {@code config/image/run} reads it. */
  private static final String RUN_FLAGS = "dev.orchestrator.run-flags";

  /** On a capsule image: how it is run without the orchestrator, see {@link RunCommand}. */
  private static final String RUN = "dev.orchestrator.run";

  /** What a check has found, so that it need not be made twice for a plan. */
  private record Checked(String version, String content, ReleaseFiles files) {}

  /** On a capsule image: names of the variables that its container must have, in one line. */
  private static final String VARIABLES = "dev.orchestrator.variables";

  private final Engine engine;
  private final StackSettings stack;
  private final Map<String, String> owner;
  private final InstantSource clock;
  private final ImageSettings image;
  private final Path home;
  private final Releases releases;
  private final BuildContainers containers;
  private final BaseImage base;
  private final ComposeReader reader;
  private final HostFactsReader hostFacts;
  private final RightsTrial trial;
  private final InnerImageProvider imageProvider;
  private final ImagePacker packer;
  private final ImagePruner pruner;
  private volatile @Nullable Checked lastChecked;

  /**
   * Builds on this engine.
   *
   * @param owner labels of temporary containers and volumes, which tell those of this service from
   *     those of another
   */
  public ImageBuilder(
      Engine engine, Settings settings, Map<String, String> owner, InstantSource clock) {
    this(engine, settings, owner, clock, Set::of);
  }

  /**
   * The same, for a stack whose snapshots need images, too.
   *
   * @param needed ids of images that stay although no container is made of them
   */
  public ImageBuilder(
      Engine engine,
      Settings settings,
      Map<String, String> owner,
      InstantSource clock,
      Supplier<Set<String>> needed) {
    this.engine = engine;
    this.stack = settings.stack();
    this.owner = Map.copyOf(owner);
    this.clock = clock;
    this.image = settings.image();
    this.home = settings.home();
    this.releases = new Releases(stack);
    this.containers = new BuildContainers(engine, stack.name(), owner);
    DebianImages debianImages = new DebianImages(engine, settings.image().folder());
    this.base = new BaseImage(engine, settings.image(), debianImages);
    this.reader = new ComposeReader(engine, containers, stack);
    this.hostFacts = new HostFactsReader(engine, containers);
    this.trial = new RightsTrial(engine, containers, settings.image());
    this.imageProvider = new InnerImageProvider(engine, stack, settings.home(), debianImages);
    this.pruner =
        new ImagePruner(
            engine,
            stack.name(),
            settings.home(),
            this.owner.getOrDefault(Labels.HOME, ""),
            needed);
    this.packer = new ImagePacker(engine, settings.image(), containers, stack.name());
  }

  @Override
  public VersionCheck check(String version) {
    Release release = releases.release(version);
    String baseImage = base(line -> {});
    ComposeModel model = reading(() -> reader.read(release, baseImage));
    ReleaseProbes probes = ReleaseProbes.read(release.folder());
    CapsuleStack capsuleStack = transform(probes, model, baseImage).apply(model, Map.of());
    List<String> warnings = new ArrayList<>(capsuleStack.warnings());
    ReleaseFiles files = reading(() -> ReleaseFiles.of(release, capsuleStack, stack.data()));
    lastChecked = new Checked(version, releases.content(version), files);
    warnings.addAll(files.warnings(stack.data()));
    List<String> absent = imageProvider.absent(model);
    if (!absent.isEmpty()) {
      warnings.add("images that are not on this host are pulled: " + String.join(", ", absent));
    }
    ComposeFindings tried =
        new ComposeFindings("version %s of stack %s".formatted(version, stack.name()));
    trial.run(capsuleStack, baseImage, tried);
    tried.throwIfRefused();
    warnings.addAll(tried.warnings());
    return new VersionCheck(
        List.copyOf(warnings), List.copyOf(model.services().keySet()), capsuleStack.dataPaths());
  }

  @Override
  public ReleaseFiles releaseFiles(String version) {
    Checked checked = lastChecked;
    if (checked == null
        || !checked.version().equals(version)
        || !checked.content().equals(releases.content(version))) {
      VersionCheck _ = check(version);
      checked = lastChecked;
    }
    return checked == null ? ReleaseFiles.NONE : checked.files();
  }

  @Override
  public List<RouteSettings> routes(String version) {
    Release release = releases.release(version);
    String baseImage = base(line -> {});
    ComposeModel model = reading(() -> reader.read(release, baseImage));
    ReleaseProbes probes = ReleaseProbes.read(release.folder());
    return AutoRoutes.parse(
        transform(probes, model, baseImage).apply(model, Map.of()).ports().keySet());
  }

  private ComposeTransform transform(ReleaseProbes probes, ComposeModel model, String baseImage) {
    return new ComposeTransform(
        stack.withProbesOf(probes.probes()),
        hostFacts.read(HostQuestions.of(model, stack.grants()), baseImage),
        rights(),
        base.startIntervals(baseImage, containers));
  }

  /** What a capsule may do without any grant, and what no capsule may have. */
  private CapsuleRights rights() {
    Set<String> capabilities = new TreeSet<>(Capabilities.DEFAULT);
    capabilities.addAll(RunFlags.read(image.folder(), false).security().capabilities());
    return new CapsuleRights(
        capabilities,
        Map.of(
            engine.info().dataRoot(),
            "the Docker engine's own folder",
            home.toAbsolutePath().normalize().toString(),
            "the orchestrator's state folder"));
  }

  @Override
  public Optional<String> built(String version) {
    return engine.image(reference(version)).map(ImageInfo::id);
  }

  @Override
  public Map<String, String> databases(String image) {
    String json =
        engine.image(image).map(info -> info.labels().getOrDefault(DATABASES, "{}")).orElse("{}");
    try {
      return Json.read(json, new TypeReference<Map<String, String>>() {});
    } catch (IllegalArgumentException e) {
      throw new CapsuleException("image " + image + ": its label " + DATABASES + " is not JSON", e);
    }
  }

  @Override
  public HostGrants grants(String image) {
    HostGrants grants =
        HostGrants.parse(
            engine.image(image).map(info -> info.labels().getOrDefault(RUN_FLAGS, "")).orElse(""));
    return stack.grants().rehearsal() ? grants.withReadOnlyPaths() : grants;
  }

  @Override
  public List<Probe> probes(String image) {
    return ReleaseProbes.parse(
        engine.image(image).map(info -> info.labels().getOrDefault(PROBES, "")).orElse(""));
  }

  @Override
  public Map<String, String> variables(String version, String image) {
    List<String> names =
        engine
            .image(image)
            .map(info -> info.labels().getOrDefault(VARIABLES, ""))
            .filter(text -> !text.isEmpty())
            .map(text -> List.of(text.split(" ")))
            .orElse(List.of());
    return names.isEmpty()
        ? Map.of()
        : reading(() -> reader.values(releases.release(version), base(line -> {}), names));
  }

  private String reference(String version) {
    return "orchestrator/%s:%s".formatted(stack.name(), version);
  }

  @Override
  public String base(Consumer<String> progress) {
    return within("the capsules' base image", deadline -> base.ensure(deadline, progress));
  }

  @Override
  public synchronized int prune(Collection<String> versions) {
    return pruner.keepOnly(versions);
  }

  @Override
  public synchronized List<String> unneeded(Collection<String> versions) {
    return pruner.unneeded(versions).stream()
        .map(image -> image.tags().isEmpty() ? image.id() : image.tags().getFirst())
        .toList();
  }

  @Override
  public synchronized CapsuleImage build(String version, Consumer<String> progress) {
    return within("building version " + version, deadline -> build(version, deadline, progress));
  }

  private CapsuleImage build(String version, Deadline deadline, Consumer<String> progress) {
    if (!owner.isEmpty()) {
      containers.sweep();
    }
    Release release = releases.release(version);
    String source = releases.content(version);
    BuildTimes times = new BuildTimes();
    String baseImage = times.measure("base image", () -> base.ensure(deadline, progress));
    ComposeModel model = reader.read(release, baseImage);
    ReleaseProbes probes = ReleaseProbes.read(release.folder());
    ComposeTransform transform = transform(probes, model, baseImage);
    // What a capsule can't do is said before its images are built, which takes minutes.
    CapsuleStack _ = transform.apply(model, Map.of());
    Map<String, InnerImage> images = imageProvider.resolve(model, deadline, times, progress);
    CapsuleStack capsuleStack = transform.apply(model, images);
    capsuleStack.warnings().forEach(progress);

    ReleaseFiles files = ReleaseFiles.of(release, capsuleStack, stack.data());
    String compose = capsuleStack.compose().toPrettyString();
    String metadata = metadata(version, images, capsuleStack);
    String content =
        ContentDigest.of(
            engine.image(baseImage).orElseThrow().id(),
            compose,
            metadata,
            files.json(),
            FileTree.digestWithOwners(release.folder()));
    String reference = reference(version);
    Optional<ImageInfo> existing =
        engine.image(reference).filter(image -> content.equals(image.labels().get(Labels.CONTENT)));
    if (existing.isPresent()) {
      return image(version, reference, source, capsuleStack, existing.get(), true, List.of());
    }
    Map<String, String> databases = new DatabaseDetector(engine, containers).of(images);
    String packed =
        times.measure(
            "packing", () -> packer.packed(baseImage, images.values(), deadline, progress));
    Duration _ = deadline.require();
    try (BuildContainers.Temporary helper = containers.idle("layer", packed, List.of());
        TarArchive archive = new TarArchive()) {
      archive
          .tree(
              release.folder(),
              "capsule/stack/release",
              Long.MAX_VALUE,
              capsuleStack.mountsEnvFile() ? Set.of() : Set.of(".env"))
          .text("capsule/stack/compose.json", compose)
          .text("capsule/stack/stack.json", metadata)
          .text("capsule/stack/release-files.json", files.json());
      capsuleStack
          .mountPoints(release.folder())
          .forEach(place -> archive.folder("capsule/stack/release/" + place));
      engine.putArchive(helper.name(), "/", archive.open());
      engine.commit(
          helper.name(),
          reference,
          new ImageConfig(
              ENTRYPOINT,
              List.of(),
              List.of(),
              labels(version, content, images, capsuleStack, probes, databases)));
    }
    pruner.removeSuperseded();
    ImageInfo built = engine.image(reference).orElseThrow();
    return image(version, reference, source, capsuleStack, built, false, times.parts());
  }

  @Override
  public synchronized CapsuleImage load(
      String version, ArchiveReader archive, Consumer<String> progress) {
    String reference = reference(version);
    Map<String, String> labels =
        Map.of(
            Labels.STACK,
            stack.name(),
            Labels.VERSION,
            version,
            ImagePruner.OWNER,
            owner.getOrDefault(Labels.HOME, ""));
    boolean _ =
        StreamPipe.connect(
            "image of an export",
            out -> archive.writeImage(out, reference, labels),
            in -> {
              engine.load(in, stack.upgrade().build(), progress);
              return true;
            });
    addFiles(reference, version, archive.contents().secrets().files());
    ImageInfo image =
        engine
            .image(reference)
            .filter(loaded -> loaded.labels().containsKey(PORTS))
            .orElseThrow(() ->
                new CapsuleException(
                    "what was loaded is no image of a capsule: it has no label " + PORTS));
    pruner.removeSuperseded();
    Map<String, Integer> ports;
    try {
      ports =
          Json.read(
              image.labels().getOrDefault(PORTS, "{}"),
              new TypeReference<Map<String, Integer>>() {});
    } catch (IllegalArgumentException e) {
      throw new CapsuleException(
          "image %s: its label %s is not JSON".formatted(reference, PORTS), e);
    }
    return new CapsuleImage(
        version, reference, releases.content(version), ports, image.bytes(), true);
  }

  /** Puts files of the release into an image that an export has left out. */
  private void addFiles(String reference, String version, List<String> files) {
    if (files.isEmpty()) {
      return;
    }
    Path release = releases.release(version).folder();
    try (BuildContainers.Temporary helper = containers.idle("layer", reference, List.of());
        TarArchive archive = new TarArchive()) {
      files.forEach(file -> archive.file(release.resolve(file), "capsule/stack/release/" + file));
      engine.putArchive(helper.name(), "/", archive.open());
      engine.commit(
          helper.name(), reference, new ImageConfig(ENTRYPOINT, List.of(), List.of(), Map.of()));
    }
  }

  /**
   * Runs a build within the time that the settings give it.
   *
   * @param what is being built, for the message of a failure
   */
  private <T> T within(String what, Function<Deadline, T> build) {
    Duration limit = stack.upgrade().build();
    try {
      return reading(() -> build.apply(Deadline.in(limit, clock)));
    } catch (Deadline.PassedException e) {
      throw new CapsuleException(
          "%s of stack %s took longer than %d s".formatted(what, stack.name(), limit.toSeconds()),
          e);
    }
  }

  /** Files that can't be read, or a full disk below a temporary archive, fail the build. */
  private static <T> T reading(Supplier<T> work) {
    try {
      return work.get();
    } catch (UncheckedIOException e) {
      throw new CapsuleException(String.valueOf(e.getMessage()), e);
    }
  }

  private String metadata(
      String version, Map<String, InnerImage> images, CapsuleStack capsuleStack) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("stack", stack.name()).put("version", version).put("project", stack.name());
    node.put("run", runCommand(version, capsuleStack));
    Map<String, String> ids = new TreeMap<>();
    images.values().forEach(image -> ids.put(image.reference(), image.id()));
    node.set("images", Json.toTree(ids));
    node.set("dirs", Json.toTree(capsuleStack.dirs()));
    node.set("seedFiles", Json.toTree(capsuleStack.seedFiles()));
    if (!capsuleStack.variables().isEmpty()) {
      node.set("variables", Json.toTree(capsuleStack.variables()));
    }
    node.set("oneShots", Json.toTree(capsuleStack.oneShots()));
    node.set("ports", Json.toTree(new TreeMap<>(capsuleStack.ports())));
    if (!capsuleStack.grants().flags().isEmpty()) {
      node.put("runFlags", capsuleStack.grants().flags());
    }
    if (capsuleStack.socket() != DockerSocket.NONE) {
      node.put("dockerSocket", capsuleStack.socket().word());
    }
    return node.toPrettyString();
  }

  private String runCommand(String version, CapsuleStack capsuleStack) {
    return RunCommand.of(
        stack.name(),
        reference(version),
        RunFlags.lines(image.folder(), image.privileged()),
        capsuleStack,
        stack.routes());
  }

  private Map<String, String> labels(
      String version,
      String content,
      Map<String, InnerImage> images,
      CapsuleStack capsuleStack,
      ReleaseProbes probes,
      Map<String, String> databases) {
    Map<String, String> labels = new TreeMap<>(Labels.role("capsule"));
    labels.put(Labels.STACK, stack.name());
    labels.put(Labels.VERSION, version);
    labels.put(Labels.CONTENT, content);
    labels.put(ImagePruner.OWNER, owner.getOrDefault(Labels.HOME, ""));
    labels.put(
        ImagePruner.INNER,
        images.values().stream()
            .map(InnerImage::id)
            .distinct()
            .sorted()
            .collect(Collectors.joining(" ")));
    labels.put(PROBES, probes.text());
    labels.put(PORTS, Json.write(new TreeMap<>(capsuleStack.ports())));
    labels.put(RUN_FLAGS, capsuleStack.grants().flags());
    labels.put(RUN, runCommand(version, capsuleStack));
    if (!capsuleStack.variables().isEmpty()) {
      labels.put(VARIABLES, String.join(" ", capsuleStack.variables()));
    }
    labels.put(DATABASES, Json.write(new TreeMap<>(databases)));
    return labels;
  }

  private static CapsuleImage image(
      String version,
      String reference,
      String source,
      CapsuleStack capsuleStack,
      ImageInfo info,
      boolean cached,
      List<BuildPart> parts) {
    return new CapsuleImage(
        version, reference, source, capsuleStack.ports(), info.bytes(), cached, parts);
  }
}
