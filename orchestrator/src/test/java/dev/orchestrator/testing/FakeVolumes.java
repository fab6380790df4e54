package dev.orchestrator.testing;

import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.engine.VolumeInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** The volumes of an {@link FakeEngine}. */
public final class FakeVolumes {
  private record Volume(VolumeInfo info, SortedMap<String, String> content) {}

  private final ConcurrentMap<String, Volume> all = new ConcurrentHashMap<>();

  public Optional<VolumeInfo> get(String name) {
    return Optional.ofNullable(all.get(name)).map(Volume::info);
  }

  public List<VolumeInfo> list(Map<String, String> labels) {
    return all.values().stream()
        .map(Volume::info)
        .filter(info -> info.labels().entrySet().containsAll(labels.entrySet()))
        .toList();
  }

  public void create(String name, Map<String, String> labels) {
    Volume there =
        all.computeIfAbsent(
            name,
            _ ->
                new Volume(
                    new VolumeInfo(
                        name, "/var/lib/docker/volumes/" + name + "/_data", Map.copyOf(labels)),
                    new ConcurrentSkipListMap<>()));
    if (!there.info.labels().equals(labels)) {
      throw new EngineException(
          Kind.CONFLICT, "creating volume " + name + ": it is there with other labels");
    }
  }

  public void remove(String name, List<String> users) {
    if (!users.isEmpty()) {
      throw new EngineException(Kind.CONFLICT, "removing volume " + name + ": in use by " + users);
    }
    all.remove(name);
  }

  public Map<String, String> content(String name) {
    Volume volume = all.get(name);
    if (volume == null) {
      throw new EngineException(Kind.NOT_FOUND, "volume " + name + " isn't there");
    }
    return volume.content;
  }
}
