package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.WaitResponse;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.EngineException.Kind;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The engine's containers. */
final class DockerContainers {
  /** How long a container is tried to be frozen; clients may be waiting. */
  private static final Duration FREEZE_TRIES = Duration.ofSeconds(3);

  private static final Duration BETWEEN_TRIES = Duration.ofMillis(50);

  private final EngineConnection connection;
  private final DockerClient client;
  private final TimedCalls calls;
  private final DockerVolumes volumes;

  DockerContainers(EngineConnection connection, DockerVolumes volumes) {
    this.connection = connection;
    this.client = connection.client();
    this.calls = connection.calls();
    this.volumes = volumes;
  }

  Optional<ContainerInfo> get(String name) {
    // The engine also finds a container by the beginning of its id, which no caller means.
    return inspect(name).map(DockerContainers::info).filter(found -> found.name().equals(name));
  }

  Optional<InspectContainerResponse> inspect(String nameOrId) {
    return calls.call(
        "looking at container " + nameOrId,
        TimedCalls.SHORT,
        () -> {
          try {
            return Optional.of(client.inspectContainerCmd(nameOrId).exec());
          } catch (NotFoundException _) {
            return Optional.empty();
          }
        });
  }

  List<ContainerInfo> list(Map<String, String> labels) {
    List<Container> found =
        calls.call(
            "listing containers",
            TimedCalls.SHORT,
            () -> client.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec());
    return found.stream()
        .map(container -> inspect(container.getId()))
        .flatMap(Optional::stream)
        .map(DockerContainers::info)
        .toList();
  }

  List<ContainerDetails> details(String label) {
    List<Container> found =
        calls.call(
            "listing containers",
            TimedCalls.SHORT,
            () ->
                client
                    .listContainersCmd()
                    .withShowAll(true)
                    .withLabelFilter(label.isEmpty() ? List.of() : List.of(label))
                    .exec());
    return found.stream().map(Container::getId).flatMap(this::detailsOf).toList();
  }

  private Stream<ContainerDetails> detailsOf(String id) {
    return description(id).map(DockerContainerDetails::of).stream();
  }

  /** All that the engine tells of a container; the client library leaves some of it out. */
  private Optional<JsonNode> description(String nameOrId) {
    String doing = "looking at container " + nameOrId;
    try {
      return Optional.of(
          calls.call(
              doing,
              TimedCalls.SHORT,
              () ->
                  connection
                      .raw()
                      .get(
                          doing, "/v%s/containers/%s/json".formatted(connection.api(), nameOrId))));
    } catch (EngineException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty(); // it was removed meanwhile
      }
      throw e;
    }
  }

  void create(ContainerSpec spec) {
    String doing = "creating container " + spec.name();
    // The engine would make a missing volume by itself, without our labels.
    for (Mount mount : spec.mounts()) {
      if (!mount.hostPath() && volumes.get(mount.source()).isEmpty()) {
        throw new EngineException(
            Kind.NOT_FOUND, "%s: volume %s isn't there".formatted(doing, mount.source()));
      }
    }
    calls.run(
        doing,
        TimedCalls.LONG,
        () -> {
          CreateContainerCmd create =
              client
                  .createContainerCmd(spec.image())
                  .withName(spec.name())
                  .withLabels(spec.labels())
                  .withEnv(
                      spec.env().entrySet().stream()
                          .map(e -> e.getKey() + "=" + e.getValue())
                          .toList())
                  .withStopTimeout(Math.toIntExact(spec.stopTimeout().toSeconds()))
                  .withHostConfig(HostConfigFactory.of(spec));
          if (!spec.published().isEmpty()) {
            create =
                create.withExposedPorts(
                    spec.published().stream().map(HostConfigFactory::exposed).distinct().toList());
          }
          if (!spec.entrypoint().isEmpty()) {
            create = create.withEntrypoint(spec.entrypoint());
          }
          if (!spec.command().isEmpty()) {
            create = create.withCmd(spec.command());
          }
          create.exec();
        });
  }

  void start(String name) {
    ignoringNotModified(
        "starting container " + name, TimedCalls.LONG, () -> client.startContainerCmd(name).exec());
  }

  void stop(String name, Duration timeout) {
    try (RootPin _ = pin(name)) {
      ignoringNotModified(
          "stopping container " + name,
          timeout.plus(TimedCalls.SHORT),
          () ->
              client
                  .stopContainerCmd(name)
                  .withTimeout(Math.toIntExact(timeout.toSeconds()))
                  .exec());
    }
  }

  void kill(String name) {
    ignoring(
        "is not running", "killing container " + name, () -> client.killContainerCmd(name).exec());
  }

  /**
   * Tried again for a moment where a process could not be frozen: under cgroup v1 one that is being
   * made just then, by a health check say, keeps the whole from freezing now and then. The runtime
   * thaws all of them and gives up ("unable to freeze", runc pull request 2791); the kernel's
   * cgroup-v1/freezer-subsystem.rst leaves it to the caller to try again.
   */
  void pause(String name) {
    ignoring(
        "already paused",
        "pausing container " + name,
        () -> {
          long end = System.nanoTime() + FREEZE_TRIES.toNanos();
          while (!isFrozen(name, end)) {
            Thread.sleep(BETWEEN_TRIES);
          }
        });
  }

  /** Returns whether it is paused; false: to be tried again. */
  private boolean isFrozen(String name, long end) {
    try {
      client.pauseContainerCmd(name).exec();
      return true;
    } catch (InternalServerErrorException e) {
      boolean again = Objects.toString(e.getMessage(), "").contains("unable to freeze");
      if (!again || System.nanoTime() - end > 0) {
        throw e;
      }
      return false;
    }
  }

  void unpause(String name) {
    ignoring(
        "is not paused",
        "unpausing container " + name,
        () -> client.unpauseContainerCmd(name).exec());
  }

  /** Not by the client library, whose request has a value for each limit of the container too. */
  void setRestartPolicy(String name, String policy) {
    String doing = "setting the restart policy of container " + name;
    int colon = policy.indexOf(':');
    Map<String, Object> restart =
        Map.of(
            "Name",
            colon < 0 ? policy : policy.substring(0, colon),
            "MaximumRetryCount",
            colon < 0 ? 0 : Integer.parseInt(policy.substring(colon + 1)));
    calls.run(
        doing,
        TimedCalls.SHORT,
        () -> {
          JsonNode _ =
              connection
                  .raw()
                  .post(
                      doing,
                      "/v%s/containers/%s/update"
                          .formatted(connection.api(), RawEngineHttp.encode(name)),
                      Json.toTree(Map.of("RestartPolicy", restart)));
        });
  }

  void remove(String name) {
    try (RootPin _ = pin(name)) {
      calls.run(
          "removing container " + name,
          TimedCalls.LONG,
          () -> {
            // While a removal is in progress the engine answers with a conflict: ask until it is
            // gone.
            while (get(name).isPresent()) {
              try {
                client.removeContainerCmd(name).withForce(true).withRemoveVolumes(true).exec();
              } catch (NotFoundException _) {
                return;
              } catch (ConflictException e) {
                if (!Objects.toString(e.getMessage(), "").contains("already in progress")) {
                  throw e;
                }
                Thread.sleep(BETWEEN_TRIES);
              }
            }
          });
    }
  }

  /** Keeps the root of a container that runs, so that its end waits for no disk. */
  private RootPin pin(String name) {
    return RootPin.of(
        description(name)
            .filter(found -> found.at("/State/Running").asBoolean())
            .map(found -> found.at("/GraphDriver/Data/MergedDir").asText())
            .orElse(""));
  }

  int awaitExit(String name, Duration deadline) {
    String doing = "waiting for container %s to end".formatted(name);
    if (get(name).filter(found -> found.state().equals("created")).isPresent()) {
      throw new EngineException(Kind.REFUSED, doing + ": it was never started");
    }
    AtomicInteger code = new AtomicInteger(-1);
    calls.await(
        doing,
        deadline,
        client
            .waitContainerCmd(name)
            .exec(
                new ResultCallback.Adapter<WaitResponse>() {
                  @Override
                  public void onNext(WaitResponse response) {
                    code.set(Objects.requireNonNullElse(response.getStatusCode(), -1));
                  }
                }));
    return code.get();
  }

  void putArchive(String name, String directory, InputStream tar) {
    calls.run(
        "unpacking into %s of container %s".formatted(directory, name),
        TimedCalls.LONG,
        () ->
            client
                .copyArchiveToContainerCmd(name)
                .withRemotePath(directory)
                .withTarInputStream(tar)
                .exec());
  }

  private void ignoringNotModified(String doing, Duration deadline, TimedCalls.Action action) {
    calls.run(
        doing,
        deadline,
        () -> {
          try {
            action.run();
          } catch (NotModifiedException _) {
            // The container is in that state already.
            return;
          }
        });
  }

  /** Runs an action; a failure with these words means that there was nothing to do. */
  private void ignoring(String words, String doing, TimedCalls.Action action) {
    calls.run(
        doing,
        TimedCalls.SHORT,
        () -> {
          try {
            action.run();
          } catch (DockerException e) {
            if (!Objects.toString(e.getMessage(), "").contains(words)) {
              throw e;
            }
          }
        });
  }

  private static ContainerInfo info(InspectContainerResponse c) {
    return new ContainerInfo(
        c.getName().substring(c.getName().lastIndexOf('/') + 1),
        c.getId(),
        Objects.toString(c.getConfig().getImage(), ""),
        Objects.toString(c.getState().getStatus(), ""),
        Objects.requireNonNullElse(c.getState().getExitCodeLong(), 0L).intValue(),
        Objects.toString(c.getState().getStartedAt(), ""),
        address(c),
        c.getConfig().getLabels() == null ? Map.of() : Map.copyOf(c.getConfig().getLabels()),
        published(c));
  }

  /** As they were asked for: a container that has ended keeps them. */
  private static Map<Integer, Integer> published(InspectContainerResponse c) {
    @Nullable Ports ports = c.getHostConfig() == null ? null : c.getHostConfig().getPortBindings();
    if (ports == null || ports.getBindings() == null) {
      return Map.of();
    }
    Map<Integer, Integer> found = new TreeMap<>();
    ports
        .getBindings()
        .forEach((inner, bindings) -> {
          for (Ports.Binding binding : bindings == null ? new Ports.Binding[0] : bindings) {
            String port = Objects.toString(binding.getHostPortSpec(), "");
            if (port.matches("[0-9]{1,5}") && !port.equals("0")) {
              found.put(inner.getPort(), Integer.parseInt(port));
            }
          }
        });
    return Map.copyOf(found);
  }

  private static String address(InspectContainerResponse c) {
    @Nullable Map<String, ContainerNetwork> networks = c.getNetworkSettings().getNetworks();
    return networks == null
        ? ""
        : networks.values().stream()
            .map(ContainerNetwork::getIpAddress)
            .flatMap(Stream::ofNullable)
            .filter(address -> !address.isBlank())
            .findFirst()
            .orElse("");
  }
}
