package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.adopt.AdoptPlan.Cannot;
import dev.orchestrator.adopt.AdoptPlan.Data;
import dev.orchestrator.adopt.AdoptPlan.Image;
import dev.orchestrator.adopt.AdoptPlan.Route;
import dev.orchestrator.adopt.AdoptPlan.Variable;
import dev.orchestrator.adopt.DataSurvey.Measured;
import dev.orchestrator.adopt.Placement.Kind;
import dev.orchestrator.adopt.StackConfText.HostPathLine;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.compose.ComposeReader;
import dev.orchestrator.compose.Replicas;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.release.Releases;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The design of the stack that one project becomes: see {@link AdoptPlanner}. For one thread. */
final class AdoptDesign {
  private static final Set<String> ELSEWHERE = Set.of("nfs", "nfs4", "cifs", "tmpfs");

  private final Engine engine;
  private final StackHost host;
  private final RouteDesign.Asker asker;
  private final long mediaSize;
  private final ReadProject read;
  private final String stack;
  private final boolean started;
  private final String base;
  private final BuildContainers containers;
  private final Path folder;
  private final List<MountUse> uses;
  private final List<Cannot> cannot = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> refusals = new ArrayList<>();

  /** By the name in the compose file: the volume of the engine. */
  private final Map<String, String> volumes = new TreeMap<>();

  /** Volumes without a name, by their name on the engine: service and path. */
  private final Map<String, String> anonymous = new TreeMap<>();

  AdoptDesign(
      Engine engine,
      StackHost host,
      RouteDesign.Asker asker,
      long mediaSize,
      ReadProject read,
      String stack,
      boolean started,
      String base,
      BuildContainers containers) {
    this.engine = engine;
    this.host = host;
    this.asker = asker;
    this.mediaSize = mediaSize;
    this.read = read;
    this.stack = stack;
    this.started = started;
    this.base = base;
    this.containers = containers;
    @Nullable Path known = read.project().folder();
    this.folder = known == null ? read.folder() : known;
    this.uses = MountUse.of(read.root());
    notes.addAll(read.notes());
  }

  AdoptPlan plan() {
    read.drift().forEach(line -> refusals.add(changed(line)));
    findVolumes();
    List<ContainerDetails> all = engine.containerDetails("");
    DataSurvey.Found survey = survey();
    Map<Path, Set<String>> others = Placements.others(all, read.project());
    Map<Path, Placement> placements = Placements.of(folder, uses, survey, others, mediaSize);
    if (started) {
      notes.addAll(Placements.onlookers(placements, others));
    }
    StackFiles files = new StackFiles(read, folder, placements, survey);
    ImageDesign design = new ImageDesign(engine, read);
    List<Image> images = design.images();
    cannot.addAll(design.cannot());
    Map<String, String> pins = new TreeMap<>();
    images.forEach(image -> pins.put(image.service(), image.pinned()));
    files.pin(pins);
    externals(all);
    files.ownExternals();
    files.paths();
    cannot.addAll(files.cannot());
    RouteDesign routes = new RouteDesign(read, asker);
    routes.make();
    cannot.addAll(routes.cannot());
    notes.addAll(routes.notes());
    GrantDesign grants = GrantDesign.of(read, uses);
    cannot.addAll(grants.cannot());
    List<Data> data = data(placements, survey);
    List<ShellVariable> variables = variables(files);
    StackDraft draft =
        files.draft(
            started,
            host.stacksFolder().toAbsolutePath().normalize(),
            Map.of("stack.conf", conf(files, variables, routes, data, placements, grants)),
            variables.stream().anyMatch(ShellVariable::secret) ? Set.of("stack.conf") : Set.of());
    ports(routes.routes());
    OriginalDesign original = new OriginalDesign(engine, read);
    List<OriginalData> moved = tryOut(draft, original);
    notes.addAll(original.notes());
    space(data, survey);
    return new AdoptPlan(
        read.project().name(),
        stack,
        host.stacksFolder().resolve(stack).toString(),
        read.project().folder() == null ? "" : read.project().folder().toString(),
        read.project().files().stream().map(Path::toString).toList(),
        read.project().state().word(),
        started,
        read.rebuilt(),
        read.shell().stream()
            .map(one -> new Variable(one.name(), one.shown(), one.places()))
            .toList(),
        images,
        routes.routes(),
        routes.probes(),
        data,
        grants.shown(),
        cannot.stream().distinct().toList(),
        notes.stream().distinct().toList(),
        refusals,
        new Original(read.project().name(), original.containers(), started ? moved : List.of()),
        draft);
  }

  /** The refusal of a difference between the files and a container. */
  static String changed(String line) {
    return line
        + ": the project was changed since it was started; run 'docker compose up -d' first";
  }

  /** Variables for stack.conf: those of the shell, and which env files take the place of .env. */
  private List<ShellVariable> variables(StackFiles files) {
    List<ShellVariable> variables = new ArrayList<>(read.shell());
    List<String> envFiles = files.envFiles();
    if (!envFiles.isEmpty()) {
      variables.add(
          new ShellVariable(
              "COMPOSE_ENV_FILES",
              String.join(",", envFiles),
              List.of("the project was started with --env-file")));
    }
    return variables;
  }

  private void findVolumes() {
    for (MountUse use : uses) {
      if (use.path() != null || use.volume().isEmpty()) {
        continue;
      }
      Optional<String> real =
          read.project().container(use.user()).stream()
              .flatMap(container -> container.mounts().stream())
              .filter(mount -> mount.type().equals("volume") && mount.target().equals(use.target()))
              .map(MountPoint::source)
              .findFirst();
      String named = ComposeModel.text(read.root().path("volumes").path(use.volume()).path("name"));
      volumes.putIfAbsent(use.volume(), real.orElse(named));
    }
    for (ContainerDetails container : read.project().containers()) {
      for (MountPoint mount : container.mounts()) {
        if (!started || !mount.type().equals("volume") || volumes.containsValue(mount.source())) {
          continue;
        }
        String service = Project.service(container);
        int replicas = Replicas.of(read.root().path("services").path(service));
        if (replicas > 1) {
          cannot.add(
              new Cannot(
                  "service %s: each of its %d containers has a volume without a name at %s; what is in these stays with the project"
                      .formatted(service, replicas, mount.target()),
                  "to take it along, write a named volume there, run 'docker compose up -d' with"
                      + " the data in it, then adopt"));
        } else if (Project.number(container) == 1) {
          anonymous.putIfAbsent(mount.source(), "%s:%s".formatted(service, mount.target()));
        }
      }
    }
  }

  private DataSurvey.Found survey() {
    Set<String> sources = new TreeSet<>();
    sources.addAll(anonymous.keySet());
    volumes.forEach((name, volume) -> {
      if (!volume.isEmpty() && !stays(name) && engine.volume(volume).isPresent()) {
        sources.add(volume);
      }
    });
    for (MountUse use : uses) {
      Path path = use.path();
      if (path != null && Placements.ordinary(path) && Files.exists(path)) {
        sources.add(path.toString());
      }
    }
    return new DataSurvey(engine, containers).measure(sources, base);
  }

  private void externals(List<ContainerDetails> all) {
    for (Map.Entry<String, JsonNode> network : read.root().path("networks").properties()) {
      if (network.getValue().path("external").asBoolean()) {
        String name = network.getValue().path("name").asText(network.getKey());
        List<String> users =
            all.stream()
                .filter(container ->
                    container.networks().contains(name)
                        && !container.label(ComposeLabels.PROJECT).equals(read.project().name()))
                .map(ContainerDetails::name)
                .sorted()
                .toList();
        cannot.add(
            new Cannot(
                "network %s is shared with other projects%s: in the stack it is its own, and they can't reach its services by name"
                    .formatted(name, users.isEmpty() ? "" : " (" + String.join(", ", users) + ")"),
                "write routes for what they need, and let them use an address of the host; or"
                    + " keep what belongs together in one project"));
      }
    }
    for (Map.Entry<String, String> volume : volumes.entrySet()) {
      List<String> users =
          all.stream()
              .filter(container ->
                  !container.label(ComposeLabels.PROJECT).equals(read.project().name())
                      && container.mounts().stream()
                          .anyMatch(mount ->
                              mount.type().equals("volume")
                                  && mount.source().equals(volume.getValue())))
              .map(ContainerDetails::name)
              .sorted()
              .toList();
      if (!users.isEmpty()) {
        cannot.add(
            new Cannot(
                "volume %s is used by other containers too (%s): the stack gets a copy, and they keep the original"
                    .formatted(volume.getValue(), String.join(", ", users)),
                "stop what writes to it, or use a path of the host for what both need"
                    + " (data.host-paths)"));
      }
    }
  }

  private List<Data> data(Map<Path, Placement> placements, DataSurvey.Found survey) {
    List<Data> data = new ArrayList<>();
    for (Map.Entry<String, String> volume : volumes.entrySet()) {
      JsonNode options = options(volume.getKey());
      if (stays(volume.getKey())) {
        data.add(
            new Data(
                volume.getKey(),
                users(volume.getKey()),
                "as it is",
                options.path("type").asText("").equals("tmpfs")
                    ? "kept in memory, and empty at each start"
                    : "a network file system (%s), which both versions mount: never copied, never rolled back"
                        .formatted(options.path("type").asText("")),
                -1,
                0,
                List.of()));
        continue;
      }
      if (options.has("device")) {
        continue; // its path is below
      }
      Measured measured = survey.at(volume.getValue());
      boolean media = Placements.isMedia(measured, mediaSize);
      String why =
          media
              ? "%s of media in %d files"
                  .formatted(HumanText.bytes(measured.bytes()), measured.files())
              : measured.databases().isEmpty()
                  ? "a volume"
                  : "a volume; " + String.join(", ", measured.databases());
      data.add(
          new Data(
              volume.getKey(),
              users(volume.getKey()),
              media ? "attached" : "data",
              why,
              survey.places().containsKey(volume.getValue()) ? measured.bytes() : -1,
              measured.files(),
              measured.databases()));
    }
    anonymous.forEach((volume, place) -> {
      Measured measured = survey.at(volume);
      data.add(
          new Data(
              place,
              List.of(place.replaceFirst(":.*", "")),
              "data",
              measured.databases().isEmpty()
                  ? "a volume without a name"
                  : "a volume without a name; " + String.join(", ", measured.databases()),
              survey.places().containsKey(volume) ? measured.bytes() : -1,
              measured.files(),
              measured.databases()));
    });
    placements.forEach((path, placement) -> {
      Measured measured = survey.at(path.toString());
      data.add(
          new Data(
              path.toString(),
              uses.stream()
                  .filter(use -> path.equals(use.path()))
                  .map(MountUse::user)
                  .distinct()
                  .sorted()
                  .toList(),
              placement.kind().word(),
              placement.why(),
              survey.places().containsKey(path.toString()) ? measured.bytes() : -1,
              measured.files(),
              measured.databases()));
    });
    return data;
  }

  private JsonNode options(String volume) {
    return read.root().path("volumes").path(volume).path("driver_opts");
  }

  /** Whether the engine mounts the volume from elsewhere, so that it is no data of this host. */
  private boolean stays(String volume) {
    JsonNode options = options(volume);
    return options.has("device")
        && ELSEWHERE.contains(options.path("type").asText(""))
        && !options.path("o").asText("").matches("(.*,)? *r?bind *(,.*)?");
  }

  private List<String> users(String volume) {
    return uses.stream()
        .filter(use -> use.volume().equals(volume))
        .map(MountUse::user)
        .distinct()
        .sorted()
        .toList();
  }

  private String conf(
      StackFiles files,
      List<ShellVariable> variables,
      RouteDesign routes,
      List<Data> data,
      Map<Path, Placement> placements,
      GrantDesign grants) {
    List<String> composeFiles = files.composeFiles();
    boolean usual =
        !read.files().variables().containsKey("COMPOSE_FILE")
            && composeFiles.equals(
                ProjectFinder.usual(folder).stream()
                    .map(file -> String.valueOf(file.getFileName()))
                    .toList());
    List<HostPathLine> hostPaths = new ArrayList<>();
    placements.forEach((path, placement) -> {
      if (placement.host()) {
        hostPaths.add(
            new HostPathLine(path.toString(), placement.kind() == Kind.HOST_READ, placement.why()));
      }
    });
    return StackConfText.of(
        new StackConfText.Content(
            read.project().name(),
            read.project().folder() == null ? "" : " in " + read.project().folder(),
            usual || read.rebuilt() ? List.of() : composeFiles,
            variables,
            routes.routes(),
            routes.probes(),
            data.stream().filter(one -> one.becomes().equals("data")).toList(),
            data.stream().filter(one -> one.becomes().equals("attached")).toList(),
            hostPaths,
            files.adoptedPaths(),
            grants.lines()));
  }

  /** Refuses ports that another program or another stack has. */
  private void ports(List<Route> routes) {
    Set<String> own = new TreeSet<>();
    read.project().containers().stream()
        .filter(container -> started && container.running())
        .flatMap(container -> container.ports().stream())
        .forEach(port -> own.add(port.hostPort() + "/" + port.protocol()));
    boolean local = engine.info().address().startsWith("unix:");
    for (Route route : routes) {
      boolean udp = route.protocol().equals("udp");
      for (int port : FreePorts.numbers(route.listen())) {
        for (StackSettings other : host.stacks()) {
          other.routes().stream()
              .filter(one -> one.listens(port) && one.options().protocol().isDatagram() == udp)
              .map(RouteSettings::name)
              .findFirst()
              .ifPresent(name ->
                  refusals.add(
                      "port %d of service %s is that of stack %s (route %s): change one of them"
                          .formatted(port, route.service(), other.name(), name)));
        }
        if (local
            && !own.contains(port + (udp ? "/udp" : "/tcp"))
            && !FreePorts.isFree(route.listen(), port, udp)) {
          refusals.add(
              "port %d of service %s is in use by another program on this host: stop that, or publish another port"
                  .formatted(port, route.service()));
        }
      }
    }
  }

  /** Writes the stack beside, and has it loaded and checked as an upgrade would. */
  private List<OriginalData> tryOut(StackDraft draft, OriginalDesign original) {
    Path trial = host.work().resolve("trial-" + stack);
    Path there = trial.resolve(stack);
    try {
      FileTree.delete(trial);
      draft.write(there);
      StackSettings settings = host.load(there);
      ComposeModel model =
          new ComposeReader(engine, containers, settings)
              .read(new Releases(settings).release(AdoptPlanner.VERSION), base);
      List<OriginalData> data = List.of();
      try {
        host.check(settings, AdoptPlanner.VERSION).stream()
            .map(line -> line.replace(there.toString(), host.stacksFolder().resolve(stack) + ""))
            .forEach(notes::add);
        data = original.data(model, settings);
      } catch (RefusedException e) {
        refuse(e, there);
      }
      return data;
    } catch (RefusedException e) {
      refuse(e, there);
      return List.of();
    } catch (IOException e) {
      throw new RefusedException(
          "can't write the stack into %s to try it out: %s".formatted(there, e), e);
    } finally {
      StackWriter.deleteQuietly(trial);
    }
  }

  private void refuse(RefusedException e, Path there) {
    String message =
        String.valueOf(e.getMessage())
            .replace(there.toString(), host.stacksFolder().resolve(stack).toString());
    List<String> lines = message.lines().toList();
    lines.stream()
        .skip(lines.size() > 1 ? 1 : 0)
        .map(line ->
            line.strip()
                .replaceFirst(
                    "^version %s of stack %s: ".formatted(AdoptPlanner.VERSION, stack), ""))
        .forEach(refusals::add);
  }

  private void space(List<Data> data, DataSurvey.Found survey) {
    long needed = started ? AdoptPlan.bytesToCopy(data) : 0;
    if (survey.free() >= 0 && !survey.clones() && needed > survey.free()) {
      refusals.add(
          "no space for the copy: the data has %s, and the engine's disk has %s free: make room, or let large folders be paths of the host"
              .formatted(HumanText.bytes(needed), HumanText.bytes(survey.free())));
    }
  }
}
