package dev.orchestrator.capsule;

import java.util.List;

/**
 * What a check of a version has found, without a build of its image.
 *
 * @param warnings for a person, a line each
 * @param services names of its services
 * @param dataPaths what its services mount of the data or of the release: {@code volumes/NAME} for
 *     a named volume, {@code binds/PATH} for a path of the release folder. Volumes that the images
 *     declare are not known before the build.
 */
public record VersionCheck(List<String> warnings, List<String> services, List<String> dataPaths) {
  public VersionCheck {
    warnings = List.copyOf(warnings);
    services = List.copyOf(services);
    dataPaths = List.copyOf(dataPaths);
  }
}
