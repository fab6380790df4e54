package dev.orchestrator.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DocsLinksTest {
  @Test
  void everyLinkLeadsToAFileAndAHeadingThatAreThere() {
    List<String> wrong = new ArrayList<>();
    int followed = 0;
    for (Page page : Page.all()) {
      for (Page.Link link : page.links()) {
        if (link.target().matches("[a-z]+:.*")) {
          continue; // of the web
        }
        followed++;
        problem(page, link.target())
            .ifPresent(why -> wrong.add(page.name() + ":" + link.line() + ": " + why));
      }
    }

    assertEquals(List.of(), wrong);
    assertTrue(followed > 50, "only " + followed + " links were found");
  }

  private static Optional<String> problem(Page page, String link) {
    int hash = link.indexOf('#');
    String path = hash < 0 ? link : link.substring(0, hash);
    Path target =
        path.isEmpty() ? page.file() : page.file().resolveSibling(Path.of(path)).normalize();
    if (!target.startsWith(Page.ROOT) || !Files.exists(target)) {
      return Optional.of("there is no " + path);
    }
    if (hash >= 0 && !Page.read(target).anchors().contains(link.substring(hash + 1))) {
      return Optional.of("there is no heading " + link);
    }
    return Optional.empty();
  }

  @Test
  void theReadmeLinksEveryPageAndEveryPageLinksTheReadme() {
    Page readme = Page.read(Page.ROOT.resolve("README.md"));
    List<String> wrong = new ArrayList<>();
    for (Page page : Page.all()) {
      if (page.equals(readme)) {
        continue;
      }
      if (readme.links().stream().noneMatch(link -> link.target().equals(page.name()))) {
        wrong.add("README.md has no link to " + page.name());
      }
      if (page.links().stream().noneMatch(link -> link.target().endsWith("../README.md"))) {
        wrong.add(page.name() + " has no link to README.md");
      }
    }

    assertEquals(List.of(), wrong);
  }
}
