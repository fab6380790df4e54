package dev.orchestrator.data;

import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A volume as services see it: of a layered volume, a volume of the engine that shows all its
 * layers and can't be written to. Closing it removes what was made for it, once no container uses
 * it.
 */
public final class VolumeView implements AutoCloseable {
  private final Engine engine;
  private final String volume;
  private final boolean made;

  private VolumeView(Engine engine, String volume, boolean made) {
    this.engine = engine;
    this.volume = volume;
    this.made = made;
  }

  /**
   * Makes the view of a volume.
   *
   * @param name of the volume that is made for it, where one is needed
   * @param labels on that volume
   */
  public static VolumeView of(
      Engine engine, DataVolume volume, String name, Map<String, String> labels) {
    if (!volume.layered()) {
      return new VolumeView(engine, volume.volume(), false);
    }
    List<String> folders = new ArrayList<>();
    for (DataVolume.Layer layer : volume.layers()) {
      String at =
          engine
              .volume(layer.volume())
              .orElseThrow(() ->
                  new EngineException(
                      EngineException.Kind.NOT_FOUND,
                      "volume %s, a layer of %s, does not exist"
                          .formatted(layer.volume(), volume.volume())))
              .mountpoint();
      folders.add(layer.upper() ? at + "/" + layer.folder() : at);
    }
    engine.createVolume(
        name,
        labels,
        Map.of(
            "type",
            "overlay",
            "device",
            "overlay",
            "o",
            "lowerdir="
                + String.join(":", folders)
                + ",redirect_dir=follow,metacopy=on,index=off"));
    return new VolumeView(engine, name, true);
  }

  /** The engine's name for it. */
  public String volume() {
    return volume;
  }

  @Override
  public void close() {
    if (made) {
      engine.removeVolume(volume);
    }
  }
}
