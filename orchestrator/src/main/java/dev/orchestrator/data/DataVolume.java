package dev.orchestrator.data;

import java.util.ArrayList;
import java.util.List;

/**
 * A data volume of a generation. One that is layered (it has {@code lowers}) holds what was written
 * since it was cloned, in its folders {@code upper} and {@code work}; the rest is below it.
 *
 * @param name {@link #MAIN}, or the name that stack.conf gives it
 * @param volume the engine's
 * @param method how it came by its content
 * @param lowers the frozen layers below it, the nearest first: nobody writes to them
 * @param paths what it holds of the stack, as below /data without it: {@code binds/media}; empty
 *     for the main one, which holds the rest
 */
public record DataVolume(
    String name, String volume, Method method, List<Layer> lowers, List<String> paths) {

  /** The volume at /data. */
  public static final String MAIN = "data";

  /** How a volume came by its content. */
  public enum Method {
    /** It began empty. */
    NEW,
    COPY,
    /** A copy whose files share their blocks with the original's. */
    REFLINK,
    /** Layered over the original's. */
    OVERLAY,
    /** It is the original itself. */
    ATTACH
  }

  /**
   * A layer below another.
   *
   * @param upper whether it is what is in the volume's folder {@code upper}; else the whole volume
   */
  public record Layer(String volume, boolean upper) {

    /** Its path in the volume, empty for the whole. */
    public String folder() {
      return upper ? "upper" : "";
    }
  }

  public DataVolume {
    lowers = List.copyOf(lowers);
    paths = List.copyOf(paths);
  }

  /** A volume by itself. */
  public static DataVolume plain(String name, String volume, Method method, List<String> paths) {
    return new DataVolume(name, volume, method, List.of(), paths);
  }

  public boolean main() {
    return name.equals(MAIN);
  }

  public boolean layered() {
    return !lowers.isEmpty();
  }

  /** Its layers as another volume has them below itself, this one's own first. */
  public List<Layer> layers() {
    List<Layer> all = new ArrayList<>();
    all.add(new Layer(volume, layered()));
    all.addAll(lowers);
    return List.copyOf(all);
  }

  /** Every volume of the engine that it needs. */
  public List<String> needs() {
    return layers().stream().map(Layer::volume).toList();
  }

  /** Where it is in the capsule. */
  public String target() {
    return main() ? "/data" : "/data/extra/" + name;
  }
}
