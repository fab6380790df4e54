package dev.orchestrator.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A {@code stack.conf}, over the defaults of orchestrator.conf. */
final class StackReader {

  private StackReader() {}

  static Stack read(SettingsFile file, Section section, Address api, Problems problems) {
    String name =
        section.has("name")
            ? Names.read(section, "name", "demo")
            : String.valueOf(file.folder().getFileName());
    Stack stack =
        new Stack(
            name,
            file.folder(),
            routes(section, api),
            ProbeReader.read(section),
            UpgradeReader.upgrade(section, problems),
            DataReader.read(section));
    section.noOthers();
    return stack;
  }

  private static List<RouteSettings> routes(Section stack, Address api) {
    List<RouteSettings> routes = new ArrayList<>();
    for (Section section : stack.sections("routes")) {
      String name = Names.read(section, "name", "web");
      if (!name.isEmpty() && routes.stream().anyMatch(other -> other.name().equals(name))) {
        section.wrong("name", "\"" + name + "\" is another route's name; write one of its own");
      }
      String listen = section.text("listen", "\"127.0.0.1:8080\"");
      Optional<Address> address =
          section.has("listen")
              ? section.parsed("listen", listen, text -> Address.parse(text, 1))
              : Optional.empty();
      address.ifPresent(found -> clash(section, found, api, routes));
      Address at = address.orElse(new Address(Address.ALL, 0));
      routes.add(
          new RouteSettings(
              name,
              at.host(),
              at.port(),
              Names.service(section),
              section.whole("port", 1, 65_535)));
      section.noOthers();
    }
    return List.copyOf(routes);
  }

  private static void clash(
      Section section, Address address, Address api, List<RouteSettings> before) {
    if (address.clashes(api)) {
      section.wrong("listen", address + " is the API's (api.listen); write another port");
    }
    before.stream()
        .filter(route -> address.clashes(new Address(route.host(), route.port())))
        .findFirst()
        .ifPresent(route ->
            section.wrong(
                "listen",
                "port %d is taken by route \"%s\"; write another"
                    .formatted(address.port(), route.name())));
  }
}
