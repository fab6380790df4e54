package dev.orchestrator.backup;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupSource.Folder;
import dev.orchestrator.backup.BackupSource.Volumes;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.files.TarArchive;
import dev.orchestrator.settings.BackupSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the restic of the capsules' base image in a container with the volumes: no data passes
 * through this process. Any thread; calls block.
 *
 * <p>The secrets are in a file of the container's own layer, which root alone can read, and which
 * goes with the container: neither the engine's description of the container nor the arguments of a
 * process have them. The container has a network of its own, so that its locks in the repository
 * name it, and not the host: restic takes a process that it doesn't find for dead.
 */
public final class ContainerResticRunner implements ResticRunner {
  private static final Logger log = LoggerFactory.getLogger(ContainerResticRunner.class);
  private static final ContainerSecurity RIGHTS =
      ContainerSecurity.only(
          "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "MKNOD", "SETFCAP");

  /** Where the parts of a backup are; the same for all, as restic files a backup by its path. */
  private static final String DATA = "/backup";

  private static final String ENVIRONMENT = "etc/orchestrator-backup/environment";
  private static final String CACHE = "/var/cache/restic";

  /** Where programs of this host are that the image may lack. */
  private static final String PROGRAMS = "/usr/local/lib/host-programs";

  private static final int KILL_AFTER_SECONDS = 15;
  private static final int LENGTH_OF_HOSTNAME = 12;

  /** Interrupts restic, and waits until it has removed its lock. */
  private static final String END =
      """
      pkill -INT -x restic || exit 0
      for _ in $(seq %d); do
        pgrep -x restic >/dev/null || exit 0
        sleep 0.1
      done
      """
          .formatted(10 * KILL_AFTER_SECONDS);

  /** Lines of whole groups of base64, each of which is decoded by itself. */
  private static final String COPY_OUT =
      "set -e; tar -C %s/\"$1\" -cz . >/tmp/copy-out; base64 -w 4096 /tmp/copy-out".formatted(DATA);

  /** Both streams go the same way, as the engine passes on the lines of the first one alone. */
  private static final String SCRIPT =
      """
      exec 2>&1
      set -a
      . /%s
      set +a
      PATH=$PATH:%s
      mkdir -p %s && cd %s || exit 1
      limit=$1
      shift
      exec timeout -s INT -k %d "$limit" restic "$@"
      """
          .formatted(ENVIRONMENT, PROGRAMS, DATA, DATA, KILL_AFTER_SECONDS);

  private final BackupSettings settings;
  private final Engine engine;
  private final Supplier<String> image;
  private final Map<String, String> labels;
  private final String cache;
  private final Set<String> over = ConcurrentHashMap.newKeySet();

  /**
   * Runs restic in containers of this image.
   *
   * @param image the capsules' base image
   * @param labels of the stack's backups, on the containers and on the volume of the cache
   * @param cache name of the volume with restic's cache, which is made if it isn't there
   */
  public ContainerResticRunner(
      BackupSettings settings,
      Engine engine,
      Supplier<String> image,
      Map<String, String> labels,
      String cache) {
    this.settings = settings;
    this.engine = engine;
    this.image = image;
    this.labels = Map.copyOf(labels);
    this.cache = cache;
  }

  /**
   * Removes the containers that a killed service has left, and remembers them, so that their locks
   * can be removed.
   */
  @Override
  public void removeLeftovers() {
    try {
      for (ContainerInfo left : engine.containers(labels)) {
        engine.removeContainer(left.name());
        over.add(hostname(left));
      }
    } catch (EngineException e) {
      throw failure("removing what a backup has left", e);
    }
  }

  private static String hostname(ContainerInfo container) {
    String id = container.id();
    return id.substring(0, Math.min(LENGTH_OF_HOSTNAME, id.length()));
  }

  @Override
  public boolean isOver(String host) {
    return over.contains(host);
  }

  @Override
  public Session open(BackupSource source, boolean writes, Duration life) {
    List<Mount> mounts = new ArrayList<>(List.of(Mount.of(cache, CACHE)));
    switch (source) {
      case Folder folder ->
          mounts.add(new Mount(folder.path().toAbsolutePath().toString(), DATA, !writes));
      case Volumes volumes ->
          volumes
              .parts()
              .forEach(
                  part -> mounts.add(new Mount(part.volume(), DATA + "/" + part.name(), !writes)));
    }
    if (settings.local()) {
      mounts.add(Mount.of(settings.repository(), settings.repository()));
    }
    if (settings.repository().startsWith("sftp:")) {
      // ssh has its keys, its known hosts and its settings there.
      Path ssh = Path.of(System.getProperty("user.home"), ".ssh");
      if (Files.isDirectory(ssh)) {
        mounts.add(Mount.readOnly(ssh.toString(), "/root/.ssh"));
      }
    }
    ResticEnvironment environment = ResticEnvironment.read(settings);
    if (settings.repository().startsWith("rclone:")) {
      mounts.addAll(rclone(environment));
    }
    environment.files().forEach(file -> mounts.add(Mount.readOnly(file, file)));
    String network = settings.local() ? "none" : "bridge";
    String name = "orchestrator-backup-" + UUID.randomUUID().toString().substring(0, 8);
    ContainerSession session = new ContainerSession(name);
    try (TarArchive secrets =
        new TarArchive().secret(ENVIRONMENT, shell(environment.variables()))) {
      engine.createVolume(cache, labels);
      engine.createContainer(
          ContainerSpec.helper(
                  name,
                  image.get(),
                  List.of("sleep", Long.toString(life.toSeconds() + 60)),
                  labels,
                  mounts,
                  RIGHTS)
              .withNetwork(network));
      try (InputStream in = secrets.open()) {
        engine.putArchive(name, "/", in);
      }
      if (source instanceof Volumes volumes && volumes.files() != null) {
        try (InputStream in = volumes.files().open()) {
          engine.putArchive(name, DATA, in);
        }
      }
      engine.startContainer(name);
      return session;
    } catch (IOException e) {
      session.close();
      throw new BackupException(
          Kind.OTHER, "a temporary archive can't be read: " + e.getMessage(), e);
    } catch (EngineException e) {
      session.close();
      if (settings.local() && missesRepository(e)) {
        throw new BackupException(
            Kind.NO_REPOSITORY,
            "there is no folder %s on the engine's host; make it, or mount its disk"
                .formatted(settings.repository()),
            e);
      }
      throw failure("starting a container for restic", e);
    }
  }

  /**
   * The rclone of this host, which comes after one of the image's own, and its settings. Those that
   * {@code RCLONE_CONFIG} names are mounted with the other files that variables name.
   */
  private static List<Mount> rclone(ResticEnvironment environment) {
    List<Mount> mounts = new ArrayList<>();
    HostProgram.find("rclone")
        .ifPresent(program -> mounts.add(Mount.readOnly(program.toString(), PROGRAMS + "/rclone")));
    Path config = Path.of(System.getProperty("user.home"), ".config/rclone");
    if (!environment.variables().containsKey("RCLONE_CONFIG") && Files.isDirectory(config)) {
      mounts.add(Mount.readOnly(config.toString(), "/root/.config/rclone"));
    }
    return mounts;
  }

  private boolean missesRepository(EngineException e) {
    String text = String.valueOf(e.getMessage());
    return text.contains("source path does not exist") && text.contains(settings.repository());
  }

  /** The variables as a shell reads them. */
  private static String shell(Map<String, String> variables) {
    Map<String, String> all = new TreeMap<>(variables);
    all.put("RESTIC_CACHE_DIR", CACHE);
    StringBuilder text = new StringBuilder();
    all.forEach((name, value) ->
        text.append(name).append("='").append(value.replace("'", "'\\''")).append("'\n"));
    return text.toString();
  }

  private static BackupException failure(String doing, EngineException e) {
    Kind kind =
        switch (e.kind()) {
          case TIMEOUT -> Kind.TIMEOUT;
          case INTERRUPTED -> Kind.ENDED;
          default -> Kind.OTHER;
        };
    return new BackupException(
        kind,
        kind == Kind.ENDED ? "it was ended before it was done" : doing + ": " + e.getMessage(),
        e);
  }

  private final class ContainerSession implements Session {
    private final String name;

    private ContainerSession(String name) {
      this.name = name;
    }

    @Override
    public int run(ResticCommand command, Duration deadline, Watcher watcher) {
      List<String> all = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "backup"));
      all.add(Long.toString(Math.max(1, deadline.toSeconds())));
      all.addAll(command.arguments());
      CountDownLatch ended = new CountDownLatch(1);
      Thread looker = Thread.ofVirtual().start(() -> look(watcher, ended));
      try {
        Duration most = deadline.plusSeconds(2 * KILL_AFTER_SECONDS);
        return engine.exec(name, all, most, watcher::line).exitCode();
      } catch (EngineException e) {
        // The exception stands for the interrupt from here on: what follows cleans up.
        boolean _ = Thread.interrupted();
        endGently();
        throw failure("running restic in a container", e);
      } finally {
        ended.countDown();
        looker.interrupt();
      }
    }

    /** Lets restic remove its lock, where the engine still answers. */
    private void endGently() {
      try {
        engine.exec(
            name, List.of("/bin/sh", "-c", END), Duration.ofSeconds(2 * KILL_AFTER_SECONDS));
      } catch (EngineException e) {
        // Its lock is removed later, as that of a run that is over.
        log.info("restic can't be interrupted: {}", e.getMessage());
      }
    }

    @Override
    public void copyOut(String part, OutputStream to) {
      try {
        ExecResult result =
            engine.exec(
                name,
                List.of("/bin/sh", "-c", COPY_OUT, "backup", part),
                Duration.ofMinutes(10),
                line -> {
                  try {
                    to.write(Base64.getDecoder().decode(line));
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
        if (!result.ok()) {
          throw new BackupException(
              Kind.OTHER, "copying %s out of a container: %s".formatted(part, result.errorLine()));
        }
      } catch (EngineException e) {
        boolean _ = Thread.interrupted();
        throw failure("copying %s out of a container".formatted(part), e);
      }
    }

    /** Interrupts restic when it is to end, so that it removes its lock. */
    private void look(Watcher watcher, CountDownLatch ended) {
      try {
        while (!ended.await(1, TimeUnit.SECONDS)) {
          if (watcher.stop()) {
            engine.exec(
                name,
                List.of("pkill", "-INT", "-x", "restic"),
                Duration.ofSeconds(KILL_AFTER_SECONDS));
            return;
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // restic has ended
      } catch (EngineException e) {
        watcher.line("restic can't be interrupted: " + e.getMessage());
      }
    }

    @Override
    public void close() {
      try {
        // restic that is killed with its container leaves its lock, which names the container.
        engine.container(name).ifPresent(container -> over.add(hostname(container)));
        engine.removeContainer(name);
      } catch (EngineException e) {
        throw failure("removing the container of restic", e);
      }
    }
  }
}
