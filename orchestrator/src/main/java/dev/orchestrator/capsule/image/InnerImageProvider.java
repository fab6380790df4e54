package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.image.VersionLock.Pin;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.compose.BuildSource;
import dev.orchestrator.compose.BuiltImages;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.InnerImage;
import dev.orchestrator.engine.BuildSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Platform;
import dev.orchestrator.files.ContentDigest;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Gets the image of every service into the store of the outer engine: builds it when the compose
 * file says so, for this service or for another one that has the image's name, else takes a local
 * image, else pulls it, several at a time. Once a version is locked, it gets the images of its
 * lock. Calls block.
 */
final class InnerImageProvider {
  /** More would wait for each other on most hosts: unpacking packages takes a processor each. */
  private static final int AT_ONCE = 4;

  private final Engine engine;
  private final StackSettings stack;
  private final Path home;
  private final DebianImages debianImages;

  /** By the name of an image: held while it is made, since several services may need it. */
  private final Map<String, Object> beingMade = new ConcurrentHashMap<>();

  InnerImageProvider(Engine engine, StackSettings stack, Path home, DebianImages debianImages) {
    this.engine = engine;
    this.stack = stack;
    this.home = home;
    this.debianImages = debianImages;
  }

  /** The services whose images have to be pulled, each with the image; those of builds too. */
  List<String> absent(ComposeModel model) {
    Map<String, Pin> locked = new VersionLock(home, stack.name(), model.release().version()).read();
    BuiltImages builds = new BuiltImages(model, stack.name());
    Map<String, List<String>> wanted = new TreeMap<>();
    for (String service : builds.needed()) {
      wanted.put(service, bases(source(model, service), service, engine.info().platform()));
    }
    for (String service : pulledServices(model, builds)) {
      String name = imageName(model, service);
      Pin pin = locked.get(service);
      if (pin == null
          || !pin.source().equals("image " + name)
          || engine.image(pin.id()).isEmpty()) {
        wanted.put(service, List.of(name));
      }
    }
    List<String> absent = new ArrayList<>();
    wanted.forEach((service, names) ->
        names.stream()
            .filter(name -> !debianImages.makes(name) && engine.image(name).isEmpty())
            .forEach(name -> absent.add("%s (%s)".formatted(name, service))));
    return absent;
  }

  /**
   * Returns the images by service, all of which then exist; writes the version's lock. Fails with
   * all services whose images can't be had; nothing is built when an image can't be pulled.
   */
  Map<String, InnerImage> resolve(
      ComposeModel model, Deadline deadline, BuildTimes times, Consumer<String> progress) {
    VersionLock lock = new VersionLock(home, stack.name(), model.release().version());
    Map<String, Pin> locked = lock.read();
    BuiltImages builds = new BuiltImages(model, stack.name());
    Map<String, Found> all =
        each(
            pulledServices(model, builds),
            times,
            progress,
            (service, said) -> {
              Optional<Pin> pin = Optional.ofNullable(locked.get(service));
              return local(service, imageName(model, service), pin, deadline, said);
            });
    Map<String, Found> built =
        each(
            builds.needed(),
            times,
            progress,
            (service, said) -> built(source(model, service), service, deadline, said));
    for (String service : model.services().keySet()) {
      Found found = built.get(builds.users().getOrDefault(service, service));
      if (found != null) {
        all.put(service, found);
      }
    }
    Map<String, Pin> pins = new TreeMap<>();
    Map<String, InnerImage> byId = new HashMap<>();
    Map<String, InnerImage> images = new TreeMap<>();
    for (Map.Entry<String, Found> entry : all.entrySet()) {
      String service = entry.getKey();
      Found found = entry.getValue();
      pins.put(service, found.pin());
      images.put(
          service,
          byId.computeIfAbsent(found.pin().id(), id -> inner(service, id, found.image(), byId)));
    }
    lock.write(pins);
    return images;
  }

  /** The services that run and whose images aren't built here. */
  private static Set<String> pulledServices(ComposeModel model, BuiltImages builds) {
    Set<String> services = new TreeSet<>(model.services().keySet());
    services.removeAll(builds.needed());
    services.removeAll(builds.users().keySet());
    return services;
  }

  private BuildSource source(ComposeModel model, String service) {
    return BuildSource.of(model, stack.folder(), service, stack.grants().hostNetwork());
  }

  private static String imageName(ComposeModel model, String service) {
    return ComposeModel.text(model.services().getOrDefault(service, model.root()).path("image"));
  }

  /**
   * Finds the images of all services, several at a time, or fails with all of those that can't be
   * had.
   */
  private static Map<String, Found> each(
      Set<String> services,
      BuildTimes times,
      Consumer<String> progress,
      BiFunction<String, Consumer<String>, Found> find) {
    Semaphore room = new Semaphore(AT_ONCE);
    Object line = new Object();
    Map<String, Found> all = new TreeMap<>();
    List<CapsuleException> failures = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<String, Future<Found>> searches = new TreeMap<>();
      for (String service : services) {
        Consumer<String> said =
            text -> {
              synchronized (line) {
                progress.accept(service + ": " + text);
              }
            };
        searches.put(
            service,
            threads.submit(() -> {
              room.acquire();
              try {
                return times.measure("image of " + service, () -> find.apply(service, said));
              } finally {
                room.release();
              }
            }));
      }
      for (Map.Entry<String, Future<Found>> search : searches.entrySet()) {
        try {
          all.put(search.getKey(), search.getValue().get());
        } catch (ExecutionException e) {
          failures.add(requireFailure(e));
        } catch (InterruptedException e) {
          // With this the end of the block interrupts the others, and awaits them.
          Thread.currentThread().interrupt();
          throw new CapsuleException("getting the services' images was interrupted", e);
        }
      }
    }
    if (failures.size() == 1) {
      throw failures.getFirst();
    }
    if (!failures.isEmpty()) {
      throw new CapsuleException(
          failures.stream()
              .map(failure -> String.valueOf(failure.getMessage()))
              .collect(Collectors.joining("; ")),
          failures.getFirst());
    }
    return all;
  }

  /** What a search has failed with, where that is about its image; all else is thrown. */
  private static CapsuleException requireFailure(ExecutionException e) {
    return switch (e.getCause()) {
      case CapsuleException failure -> failure;
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      case null, default -> throw new IllegalStateException(e);
    };
  }

  private record Found(Pin pin, ImageInfo image) {}

  /** The image that the service is locked to, else one of that name. */
  private Found local(
      String service,
      String name,
      Optional<Pin> locked,
      Deadline deadline,
      Consumer<String> progress) {
    String source = "image " + name;
    Optional<Pin> pin = locked.filter(found -> found.source().equals(source));
    Optional<ImageInfo> lockedImage = pin.flatMap(found -> engine.image(found.id()));
    if (lockedImage.isPresent()) {
      return new Found(pin.orElseThrow(), lockedImage.get());
    }
    if (pin.isPresent() && !pin.get().digest().isEmpty()) {
      return new Found(pin.get(), pulled(service, pin.get().digest(), deadline, progress));
    }
    if (pin.isPresent()) {
      progress.accept(
          "the image that it was locked to is gone; it is locked to the present image now");
    }
    ImageInfo image = obtain(service, name, deadline, progress);
    String digest = image.digests().stream().sorted().findFirst().orElse("");
    return new Found(new Pin(source, image.id(), digest), image);
  }

  private Found built(
      BuildSource source, String service, Deadline deadline, Consumer<String> progress) {
    List<String> baseIds = new ArrayList<>();
    Platform platform = engine.info().platform();
    for (String base : bases(source, service, platform)) {
      baseIds.add(obtain(service, base, deadline, progress).id());
    }
    String content = reading(source, service, () -> source.digest(baseIds, platform));
    String tag = reference(service, content);
    Optional<ImageInfo> existing =
        engine.image(tag).filter(image -> content.equals(image.labels().get(Labels.CONTENT)));
    if (existing.isEmpty()) {
      progress.accept("building " + tag);
      Map<String, String> labels = new TreeMap<>(source.labels());
      labels.putAll(Labels.role("inner"));
      labels.put(Labels.STACK, stack.name());
      labels.put(Labels.CONTENT, content);
      try {
        engine.build(
            new BuildSpec(
                source.context(),
                source.dockerfile(),
                source.target(),
                source.args(),
                labels,
                tag,
                source.options()),
            deadline.require(),
            progress);
      } catch (EngineException e) {
        throw failure(service, tag, e);
      }
    }
    ImageInfo image = existing.or(() -> engine.image(tag)).orElseThrow();
    return new Found(new Pin("build " + content, image.id(), ""), image);
  }

  private static List<String> bases(BuildSource source, String service, Platform platform) {
    return reading(source, service, () -> source.bases(platform));
  }

  /** Something that is read from a Dockerfile. */
  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> T reading(BuildSource source, String service, Reading<T> reading) {
    try {
      return reading.read();
    } catch (IOException e) {
      throw failure(service, source.context().resolve(source.dockerfile()).toString(), e);
    }
  }

  /** A local image, an image that a script of ours makes, or one that is pulled. */
  private ImageInfo obtain(
      String service, String name, Deadline deadline, Consumer<String> progress) {
    synchronized (beingMade.computeIfAbsent(name, made -> new Object())) {
      debianImages.ensure(name, deadline, progress);
      Optional<ImageInfo> local = engine.image(name);
      return local.orElseGet(() -> pulled(service, name, deadline, progress));
    }
  }

  private ImageInfo pulled(
      String service, String name, Deadline deadline, Consumer<String> progress) {
    try {
      progress.accept("pulling " + name);
      engine.pull(name, deadline.require(), progress);
      return engine
          .image(name)
          .orElseThrow(() -> failure(service, name, "the engine doesn't have it after the pull"));
    } catch (EngineException e) {
      throw failure(service, name, e);
    }
  }

  private InnerImage inner(
      String service, String id, ImageInfo image, Map<String, InnerImage> others) {
    String name = slug(service);
    for (InnerImage other : others.values()) {
      if (other.name().equals(name)) {
        name = name + "-" + hex(id).substring(0, ContentDigest.SHORT);
        break;
      }
    }
    return new InnerImage(
        name, reference(service, hex(id)), id, image.volumes(), image.healthCheck());
  }

  private String reference(String service, String hex) {
    return "orchestrator/%s-%s:%s"
        .formatted(stack.name(), slug(service), hex.substring(0, ContentDigest.SHORT));
  }

  /** Compose allows more characters in a service's name than the engine allows in an image's. */
  private static String slug(String service) {
    String slug = service.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return slug.replaceAll("^-|-$", "x");
  }

  private static String hex(String id) {
    return id.substring(id.indexOf(':') + 1);
  }

  private static CapsuleException failure(String service, String image, Exception e) {
    return new CapsuleException(
        "service %s: can't get the image %s: %s".formatted(service, image, e.getMessage()), e);
  }

  private static CapsuleException failure(String service, String image, String reason) {
    return new CapsuleException(
        "service %s: can't get the image %s: %s".formatted(service, image, reason));
  }
}
