package dev.orchestrator.data;

import java.util.ArrayList;
import java.util.List;

/**
 * A data volume of a generation. A layered volume, which has {@code lowers}, holds in its folders
 * {@code upper} and {@code work} what was written since it was cloned; the rest is in the layers
 * below it.
 *
 * @param name {@link #MAIN}, or its name in stack.conf
 * @param volume its name on the engine
 * @param method how it got its content
 * @param lowers the layers below it, the nearest first: nobody writes to them
 * @param paths the paths below /data that it holds in place of the main volume, such as {@code
 *     binds/media}; empty for the main volume, which holds the rest
 */
public record DataVolume(
    String name, String volume, Method method, List<Layer> lowers, List<String> paths)
    implements CopySource {

  /** The name of the volume at /data. */
  public static final String MAIN = "data";

  /** How a volume got its content. */
  public enum Method {
    /** It began empty. */
    NEW,
    COPY,
    /** A copy whose files share their blocks with the original's. */
    REFLINK,
    /** A layer over the original. */
    OVERLAY,
    /** It is the original, which the new version has taken over. */
    ATTACH
  }

  /**
   * A layer below another.
   *
   * @param upper whether the layer is the volume's folder {@code upper}, not the whole volume
   */
  public record Layer(String volume, boolean upper) {

    /** The layer's path in its volume; empty when it is the whole volume. */
    public String folder() {
      return upper ? "upper" : "";
    }
  }

  public DataVolume {
    lowers = List.copyOf(lowers);
    paths = List.copyOf(paths);
  }

  /** A volume without layers below it. */
  public static DataVolume plain(String name, String volume, Method method, List<String> paths) {
    return new DataVolume(name, volume, method, List.of(), paths);
  }

  @Override
  public String description() {
    return volume;
  }

  public boolean main() {
    return name.equals(MAIN);
  }

  public boolean layered() {
    return !lowers.isEmpty();
  }

  /** The layers below a clone of this volume: its own, then those below it. */
  public List<Layer> layers() {
    List<Layer> all = new ArrayList<>();
    all.add(new Layer(volume, layered()));
    all.addAll(lowers);
    return List.copyOf(all);
  }

  /** The names of all volumes of the engine that hold a part of it, its own first. */
  public List<String> needs() {
    return layers().stream().map(Layer::volume).toList();
  }

  /** Its path in the capsule. */
  public String target() {
    return main() ? "/data" : "/data/extra/" + name;
  }
}
